"""A run's numbers for TensorBoard, in the run folder's `tensorboard`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from archspec.errors import Diagnostic, Span, SpecError
from archspec.train.callback import Callback

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from archspec.train.loop import Loop

_LEFT_OUT = frozenset({"epoch", "step"})


def check_tensorboard(span: Span | None) -> None:
    """Whether it can be written.

    Raises:
        SpecError: AS634, the package is not installed.
    """
    if find_spec("tensorboard") is None:
        message = "`tensorboard: true` needs the package `tensorboard`, which is not installed"
        help = "`python -m pip install 'archspec-nn[tensorboard]'`, or leave `tensorboard` out"
        raise SpecError([Diagnostic("AS634", message, span, help=help)])


class TensorBoard(Callback):
    """A point per measurement for each column: `loss/train` and `loss/eval` in one chart."""

    def __init__(self) -> None:
        self._writer: SummaryWriter | None = None

    def on_start(self, run: Loop) -> None:
        from torch.utils.tensorboard import SummaryWriter  # an extra, and slow to load

        going_on = run.steps + 1 if run.history else None
        self._writer = SummaryWriter(str(run.folder.path / "tensorboard"), purge_step=going_on)

    def on_measure(self, run: Loop, row: Mapping[str, Any]) -> None:
        assert self._writer is not None
        for name, value in row.items():
            if name not in _LEFT_OUT:
                phase, _, metric = name.partition("_")
                tag = f"{metric}/{phase}" if phase in ("train", "eval") else name
                self._writer.add_scalar(tag, value, run.steps)
        self._writer.flush()

    def on_end(self, run: Loop) -> None:
        if self._writer is not None:
            self._writer.close()
