"""Being asked to stop: the batch that is under way is finished and saved first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STATUS_OF_SIGTERM = 143


class Stop:
    """Whether somebody has asked, and how. A second Ctrl-C does not wait."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for SIGINT and SIGTERM; afterwards they mean what they meant. Only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number

    def obey(self) -> None:
        """Leave as the signal asks. To be called when everything is saved.

        Raises:
            KeyboardInterrupt: after SIGINT.
            SystemExit: with status 143, after SIGTERM.
        """
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            raise SystemExit(STATUS_OF_SIGTERM)
