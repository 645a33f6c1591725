"""What can go wrong with the machine while training, as a sentence, and from where the run can go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import distributed as dist

from archspec.errors import Diagnostic, UsageError, clip
from archspec.train.learner import NotFiniteError
from archspec.train.ranks import ALONE, Ranks
from archspec.train.store.checkpoints import Checkpoints, Moment

if TYPE_CHECKING:
    from archspec.train.loop import Loop

_WORKER = "DataLoader worker"
_NOT_REPEATABLE = "does not have a deterministic implementation"
_GONE = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")
_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")


@contextmanager
def explained(folder: Path, checkpoints: Checkpoints, ranks: Ranks = ALONE) -> Iterator[None]:
    """Around a training.

    Raises:
        UsageError: AS606, the folder cannot be written to any more; AS612, there is not enough memory; AS613, a
            process that loads the data has died; AS620, an operation cannot be repeated to the bit; AS622, a process
            that trains has died. Each says what the run can go on from.
    """
    try:
        yield
    except OSError as error:
        where = clip(str(error.filename or folder), 200)
        message = f"the run cannot be written any further: {error.strerror or error} (`{where}`)"
        raise UsageError(
            Diagnostic("AS606", message, notes=_good(checkpoints), help=_go_on(folder, checkpoints))
        ) from None
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _out_of_memory(error, folder, checkpoints) from None
    except RuntimeError as error:
        said = str(error)
        if said.startswith(_WORKER):
            message = f"a process that loads the data has died: {clip(' '.join(said.split()), 200)}"
            help = f"{_go_on(folder, checkpoints)}; with `workers: 0` the data is loaded without other processes"
            raise UsageError(Diagnostic("AS613", message, notes=_good(checkpoints), help=help)) from None
        if _NOT_REPEATABLE in said:
            message = f"torch cannot do this deterministically: {clip(said.split(_NOT_REPEATABLE)[0].strip(), 100)}"
            help = "leave out `deterministic`, or use another layer"
            raise UsageError(Diagnostic("AS620", message, help=help)) from None
        if ranks.are_several and (isinstance(error, dist.DistError) or any(words in said for words in _GONE)):
            _live_to_say_it()
            message = "another process of this run has ended before its time: what it said, if anything, is the reason"
            raise UsageError(
                Diagnostic("AS622", message, notes=_good(checkpoints), help=_go_on(folder, checkpoints))
            ) from None
        if any(words in said for words in _NO_MEMORY):
            raise _out_of_memory(error, folder, checkpoints) from None
        raise


def _out_of_memory(error: BaseException, folder: Path, checkpoints: Checkpoints) -> UsageError:
    said = clip(" ".join(str(error).split()), 160)
    message = f"there is not enough memory for this batch{f': {said}' if said else ''}"
    help = "use a smaller `batch_size`, and `accumulate` for the same number of samples per step"
    return UsageError(Diagnostic("AS612", message, notes=_good(checkpoints), help=help))


def _newest(checkpoints: Checkpoints) -> Moment | None:
    return next((moment for moment in checkpoints.moments() if checkpoints.is_good(moment)), None)


def _good(checkpoints: Checkpoints) -> tuple[str, ...]:
    good = _newest(checkpoints)
    return () if good is None else (f"the checkpoint `{good.folder}` is whole",)


def _go_on(folder: Path, checkpoints: Checkpoints) -> str:
    if _newest(checkpoints) is None:
        return "when that is mended, start it anew, in another folder: it ended before its first checkpoint"
    return f"when that is mended, go on with `archspec train --resume {folder}`"


def _live_to_say_it() -> None:
    """A launcher that sees a process die sends SIGTERM to the others at once, and SIGKILL when they take too long."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def not_finite(error: NotFiniteError, loop: Loop, batch: int) -> UsageError:
    """AS604: the loss or a gradient of this batch is no finite number."""
    rate = loop.learner.rate
    what = "the loss" if error.gradient is None else f"the gradient of `{error.gradient}`"
    found = error.loss if error.gradient is None else "not finite"
    kept = f"; last.safetensors is of epoch {loop.history[-1]['epoch']}" if loop.history else ""
    message = f"{what} is {found} at step {batch} of epoch {loop.at.epoch}{kept}"
    help = (
        f"use a smaller learning rate than {rate:g}, e.g. `lr: {rate / 10:g}`, a normalisation layer, "
        "or a loss that fits the last layer (no logarithm of what can be 0)"
    )
    return UsageError(Diagnostic("AS604", message, help=help))
