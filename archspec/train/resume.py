"""Going on with a run: the newest checkpoint that is whole, if it is of this run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archspec.errors import Diagnostic, UsageError
from archspec.train.identity import check_same
from archspec.train.state import FORMAT, restore
from archspec.train.store.checkpoints import Checkpoints, Moment, read_state
from archspec.train.store.manifest import DamagedError

if TYPE_CHECKING:
    from archspec.train.loop import Loop


def go_on(loop: Loop) -> None:
    """Bring a loop that has done nothing to the newest good checkpoint of its folder.

    Raises:
        UsageError: AS607, there is no checkpoint; AS609, none is whole; AS610, AS611, it is of another run.
    """
    moments = loop.checkpoints.moments()
    if not moments:
        message = f"the run in `{loop.folder.path}` ended before its first checkpoint"
        raise UsageError(Diagnostic("AS607", message, help="start it anew, in another folder"))
    faults = []
    for moment in moments:
        try:
            state = _state(loop.checkpoints, moment)
        except DamagedError as damage:
            faults.append(f"`{moment.folder}` {damage}")
            continue
        check_same(state, loop.identity, moment.folder)
        for fault in faults:
            loop.progress.note(
                Diagnostic("AS608", f"the checkpoint {fault}: it is passed over", severity="warning").render()
            )
        _restore(loop, moment, state)
        return
    message = f"no checkpoint in `{loop.checkpoints.path}` is whole"
    raise UsageError(Diagnostic("AS609", message, notes=tuple(faults), help="start a new run, in another folder"))


def _state(checkpoints: Checkpoints, moment: Moment) -> dict[str, Any]:
    state = read_state(checkpoints.folder(moment))
    if state.get("format") != FORMAT or state.get("moment") != [moment.epoch, moment.batch]:
        raise DamagedError("holds no state of this moment that this archspec can read")
    return state


def _restore(loop: Loop, moment: Moment, state: dict[str, Any]) -> None:
    if state["torch"] != str(torch.__version__):
        text = f"the checkpoint was written with torch {state['torch']}, this is {torch.__version__}"
        loop.progress.note(f"{text}: the last bits may differ")
    restore(loop, state)
    loop.folder.rewrite_rows("metrics.csv", loop.history)
    loop.folder.bring_back(loop.checkpoints.folder(moment))
    batches = f", batch {moment.batch}" if moment.batch else ""
    loop.progress.note(f"going on from epoch {moment.epoch}{batches}")
