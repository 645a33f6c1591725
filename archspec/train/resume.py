"""Going on with a run: the newest checkpoint that is whole, if it is of this run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archspec.errors import Diagnostic, UsageError
from archspec.train.identity import check_same
from archspec.train.state import FORMAT, like_of, restore
from archspec.train.store.checkpoints import Moment, read_verified
from archspec.train.store.manifest import DamagedError, damage_of

if TYPE_CHECKING:
    from archspec.train.loop import Loop


def go_on(loop: Loop) -> None:
    """Bring a loop that has done nothing to the newest good checkpoint of its folder.

    Raises:
        UsageError: AS607, there is no checkpoint; AS609, none is whole; AS610, AS611, it is of another run.
    """
    ranks = loop.learner.ranks
    moments = ranks.from_first(loop.checkpoints.moments())
    if not moments:
        message = f"the run in `{loop.folder.path}` ended before its first checkpoint"
        raise UsageError(Diagnostic("AS607", message, help="start it anew, in another folder"))
    faults = []
    for moment in moments:
        try:
            state = _state(loop, moment)
        except DamagedError as damage:
            faults.append(f"`{moment.folder}` {damage}")
            continue
        check_same(state, loop.identity, moment.folder)
        for fault in faults:
            loop.progress.note(
                Diagnostic(
                    "AS608",
                    f"the checkpoint {fault}: it is passed over",
                    help="nothing has to be done: the run goes on from an earlier one",
                    severity="warning",
                ).render()
            )
        _restore(loop, moment, state)
        return
    message = f"no checkpoint in `{loop.checkpoints.path}` is whole"
    raise UsageError(Diagnostic("AS609", message, notes=tuple(faults), help="start a new run, in another folder"))


def _state(loop: Loop, moment: Moment) -> dict[str, Any]:
    """The state of a checkpoint, whose sums the first process checks for all."""
    folder, ranks = loop.checkpoints.folder(moment), loop.learner.ranks
    fault = ranks.from_first(damage_of(folder) if ranks.is_first else None)
    if fault is not None:
        raise DamagedError(fault)

    def empty(place: tuple[Any, ...], size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        like = like_of(loop, place)
        if like is None or like.shape != size:
            return torch.empty(size, dtype=dtype)
        return loop.learner.parallel.empty(like, dtype)

    state = read_verified(folder, empty)
    if state.get("format") != FORMAT or state.get("moment") != [moment.epoch, moment.batch]:
        raise DamagedError("holds no state of this moment that this archspec can read")
    return state


def _restore(loop: Loop, moment: Moment, state: dict[str, Any]) -> None:
    if state["torch"] != str(torch.__version__):
        text = f"the checkpoint was written with torch {state['torch']}, this is {torch.__version__}"
        loop.progress.note(f"{text}: the last bits may differ")
    restore(loop, state)
    ranks = loop.learner.ranks
    ranks.first(lambda: _tidy(loop, moment))
    if len(state["generators"]) != ranks.count:
        before = len(state["generators"])
        text = (
            f"the checkpoint was written by {before} process{'' if before == 1 else 'es'}, this run has {ranks.count}"
        )
        loop.progress.note(f"{text}: the last bits may differ, and random layers draw anew")
    batches = f", batch {moment.batch}" if moment.batch else ""
    loop.progress.note(f"going on from epoch {moment.epoch}{batches}")


def _tidy(loop: Loop, moment: Moment) -> None:
    """The run folder as it was then."""
    loop.folder.rewrite_metrics(loop.history)
    loop.folder.bring_back(loop.checkpoints.folder(moment))
