"""Where a run has got to: a bar in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

_SECONDS_BETWEEN = 0.1


class Progress(Protocol):
    """What the loop tells."""

    def start(self, text: str) -> None:
        """Before the first epoch: what is trained, on what."""
        ...

    def note(self, text: str) -> None:
        """Something that happened: where it goes on, why it stops."""
        ...

    def step(self, epoch: int, step: int, steps: int) -> None:
        """After each step; both are counted from 1."""
        ...

    def epoch(self, row: Mapping[str, Any], epochs: int, *, is_best: bool) -> None:
        """After each epoch, with its row of `metrics.csv`."""
        ...

    def close(self) -> None:
        """After the last epoch, and after a fault."""
        ...


def make_progress(quiet: bool, console: Console | None = None) -> Progress:
    """The form that fits the place."""
    if quiet:
        return Quiet()
    console = console or Console(highlight=False)
    return InTerminal(console) if console.is_terminal else PlainLines(console)


class Quiet:
    """Nothing."""

    def start(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def step(self, epoch: int, step: int, steps: int) -> None:
        pass

    def epoch(self, row: Mapping[str, Any], epochs: int, *, is_best: bool) -> None:
        pass

    def close(self) -> None:
        pass


class PlainLines(Quiet):
    """A line per epoch."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self, text: str) -> None:
        self._print(text)

    def note(self, text: str) -> None:
        self._print(text)

    def epoch(self, row: Mapping[str, Any], epochs: int, *, is_best: bool) -> None:
        self._print(epoch_line(row, epochs, is_best=is_best))

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class InTerminal(PlainLines):
    """The same lines, above a bar that shows the steps of the epoch."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=console, transient=True)
        self._task: TaskID | None = None
        self._due = 0.0

    def step(self, epoch: int, step: int, steps: int) -> None:
        now = time.monotonic()
        if now < self._due and step != steps:
            return
        self._due = now + _SECONDS_BETWEEN
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(f"epoch {epoch}", total=steps)
        self._bar.update(self._task, description=f"epoch {epoch}", completed=step, total=steps)

    def close(self) -> None:
        self._bar.stop()


def epoch_line(row: Mapping[str, Any], epochs: int, *, is_best: bool) -> str:
    """`epoch  3/20   train loss 0.1234  accuracy 0.9712   eval loss 0.1811  accuracy 0.9583   1.2 s  best`."""
    width = len(str(epochs))
    parts = [f"epoch {row['epoch']:>{width}}/{epochs}"]
    for phase in ("train", "eval"):
        numbers = [(name.removeprefix(f"{phase}_"), value) for name, value in row.items() if name.startswith(phase)]
        parts.append(phase + " " + "  ".join(f"{name} {value:.4f}" for name, value in numbers))
    parts.append(f"lr {row['lr']:.3g}")
    parts.append(f"{row['seconds']:.1f} s" + ("  best" if is_best else ""))
    return "   ".join(parts)
