"""Writing `run.json`: each start of a run, and each time that it is gone on with, is a session."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from torch import nn

from archspec.errors import UsageError
from archspec.train.account.account import ACCOUNT, FORMAT, RECIPE, read_account
from archspec.train.account.git import git_state
from archspec.train.account.machine import command, machine, versions
from archspec.train.data.images import Preparation
from archspec.train.fit import Trainable
from archspec.train.identity import recipe_data
from archspec.train.prepare import Prepared
from archspec.train.store.checkpoints import Moment
from archspec.train.store.run_folder import RunFolder


@contextmanager
def session(folder: RunFolder, prepared: Prepared, start: Moment) -> Iterator[None]:
    """Around a training: `run.json` says that it began, and afterwards how it ended.

    Args:
        folder: of the run, whose lock is held.
        prepared: what is trained.
        start: where it begins, or goes on from.
    """
    sessions = read_account(folder.path).sessions
    this = _begun(prepared, start)
    about = _about(prepared)

    def write() -> None:
        folder.write(ACCOUNT, _json({**about, "sessions": [*sessions, this]}))

    folder.write(RECIPE, recipe_text(prepared).encode("utf-8"))
    write()
    try:
        yield
    except BaseException as reason:
        this |= {"outcome": _outcome(reason), "ended": _now(), "fault": _fault(reason)}
        with suppress(OSError):  # a full disk is told by what found it out
            write()
        raise
    this |= {"outcome": "finished", "ended": _now()}
    write()


def recipe_text(prepared: Prepared) -> str:
    """The recipe with every field, in the form of a file for `--recipe`."""
    fields = recipe_data(prepared.recipe)
    unsaid = "loss" if fields.get("losses") else "losses"
    said = {name: value for name, value in fields.items() if name != unsaid}
    head = "# every field of the recipe, for `archspec train SPEC --recipe recipe.yaml`\n"
    return head + yaml.safe_dump({"archspec": 1, **said}, sort_keys=False, allow_unicode=True, width=120)


def _begun(prepared: Prepared, start: Moment) -> dict[str, Any]:
    here = Path.cwd()
    git = git_state(here)
    return {
        "began": _now(),
        "ended": None,
        "outcome": None,
        "from": [start.epoch, start.batch],
        "command": command(),
        "folder": str(here),
        "versions": versions(),
        "machine": {**machine(prepared.learner.device), "processes": prepared.learner.ranks.count},
        "git": None if git is None else git.as_data(),
    }


def _about(prepared: Prepared) -> dict[str, Any]:
    architecture, data = prepared.architecture, prepared.data
    return {
        "format": FORMAT,
        "name": architecture.name,
        "weights": _weights(architecture),
        "model": {
            **_sizes(prepared.learner.model),
            "inputs": {name: _shape(each.shape) for name, each in architecture.input_types.items()},
            "outputs": {name: _shape(each.shape) for name, each in architecture.output_types.items()},
        },
        "data": {
            "name": data.name,
            "task": data.task,
            "train": len(data.train),
            "eval": len(data.eval),
            "classes": list(data.classes),
            "images": None if data.preparation is None else _images(data.preparation),
        },
        "monitor": {"name": prepared.monitor.name, "mode": prepared.monitor.mode},
        "recipe": recipe_data(prepared.recipe),
    }


def _images(preparation: Preparation) -> dict[str, Any]:
    """How a picture becomes an input, where the data is not at hand."""
    shape = preparation.shape
    return {
        "shape": [shape.channels, shape.height, shape.width],
        "flat": shape.flat,
        "mean": list(preparation.mean),
        "std": list(preparation.std),
        "normalizes": preparation.normalizes,
    }


def _weights(architecture: Trainable) -> str | None:
    """The checkpoint that the training started from."""
    checkpoint = getattr(architecture, "weights", None)
    return None if checkpoint is None else str(checkpoint.path)


def _sizes(model: nn.Module) -> Mapping[str, int]:
    parameters = list(model.parameters())
    learning = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    return {"parameters": sum(parameter.numel() for parameter in parameters), "trainable": learning}


def _shape(shape: tuple[Any, ...]) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape]


def _outcome(reason: BaseException) -> str:
    return "stopped" if isinstance(reason, (KeyboardInterrupt, SystemExit)) else "failed"


def _fault(reason: BaseException) -> str | None:
    if isinstance(reason, UsageError):
        return f"{reason.diagnostic.code}: {reason.diagnostic.message}"
    return None if _outcome(reason) == "stopped" else type(reason).__name__


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace")
