"""Runs beside each other, in few words each. No torch is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from archspec.errors import Diagnostic, UsageError, clip
from archspec.train.account.account import ACCOUNT, Account, Status, read_account
from archspec.train.kept_spec import MODULE, SPEC

_DEEPEST = 4
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a line of a table. What its folder does not tell is None.

    Attributes:
        folder: where it is kept.
        status: whether it goes on, is over, or was broken off.
        model: the name of the spec.
        data: the name of the data set.
        parameters: of the model.
        epochs: that are done.
        planned: epochs that the recipe asks for.
        metric: the name of what chooses the best weights.
        best: that metric on the evaluation data, at its best.
        best_epoch: where.
        seconds: of training and measuring.
        began: when, in UTC, as ISO 8601 has it.
        device: of the last session.
    """

    folder: str
    status: Status
    model: str | None
    data: str | None
    parameters: int | None
    epochs: int
    planned: int | None
    metric: str | None
    best: float | None
    best_epoch: int | None
    seconds: float
    began: str | None
    device: str | None

    def as_data(self) -> dict[str, object]:
        """For `archspec runs --json`."""
        return asdict(self)


def summarize(account: Account) -> RunSummary:
    """A run's line."""
    best, first = account.best, account.sessions[0] if account.sessions else {}
    machine = account.sessions[-1].get("machine") if account.sessions else None
    return RunSummary(
        folder=str(account.folder),
        status=account.status,
        model=_text(account.about.get("name")),
        data=_text(account.section("data").get("name")),
        parameters=_whole(account.section("model").get("parameters")),
        epochs=int(account.history[-1].get("epoch", 0)) if account.history else 0,
        planned=_whole(account.section("recipe").get("epochs")),
        metric=account.column.removeprefix("eval_") or None,
        best=None if best is None else best[account.column],
        best_epoch=None if best is None else int(best.get("epoch", 0)),
        seconds=round(account.seconds, 3),
        began=_text(first.get("began")),
        device=_text(machine.get("device")) if isinstance(machine, dict) else None,
    )


def list_runs(folders: Sequence[str | os.PathLike[str]] = ("runs",)) -> list[RunSummary]:
    """The runs in these folders and below, in the order in which they began; a folder may be a run itself.

    Raises:
        UsageError: AS630, there is no such folder.
    """
    found: dict[str, RunSummary] = {}
    for folder in folders:
        path = Path(folder).expanduser()
        if not path.is_dir():
            message = f"there is no folder `{clip(str(path), 200)}` to look for runs in"
            raise UsageError(Diagnostic("AS630", message, help="give a folder that `archspec train` has written into"))
        for run in _runs_in(path, _DEEPEST):
            found.setdefault(os.path.realpath(run), summarize(read_account(run)))
            if len(found) >= _MOST:
                break
    return sorted(found.values(), key=lambda run: (run.began or "", run.folder))


def is_run(folder: Path) -> bool:
    """Whether a folder is one that `archspec train` made."""
    is_kept = any((folder / name).is_file() for name in (SPEC, MODULE))
    return (folder / ACCOUNT).is_file() or (is_kept and (folder / "checkpoints").is_dir())


def _runs_in(folder: Path, depth: int) -> Iterator[Path]:
    if is_run(folder):
        yield folder
        return
    if depth == 0:
        return
    try:
        inner = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in inner:
        if not name.startswith("."):
            yield from _runs_in(folder / name, depth - 1)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
