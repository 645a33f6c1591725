"""What a checkpoint belongs to: the model's spec, the recipe and the data; and what is different in another one."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
import yaml

from archspec import source
from archspec.errors import Diagnostic, SourceText, UsageError, plural
from archspec.spec.recipe import Named, OutputLoss, ParamGroup, Recipe, Transforms
from archspec.train.data.images import ImageData
from archspec.train.fit import Trainable
from archspec.train.kept_spec import MODULE, SPEC

MAY_CHANGE = frozenset(
    {
        "epochs",
        "max_steps",
        "max_seconds",
        "early_stopping",
        "min_delta",
        "checkpoint_every",
        "checkpoints_kept",
        "parallel",
        "tensorboard",
    }
)
"""Fields of a recipe that say when a run ends or what is kept of it, and nothing of how it gets there."""
_MAY_CHANGE_IN_DATA = frozenset({"workers"})
_MOST_LINES = 40


def identity(architecture: Trainable, recipe: Recipe, data: ImageData) -> dict[str, Any]:
    """As plain data: `spec`, `recipe`, `data`, `torch` (the version)."""
    return {
        "spec": architecture.spec_text_without_weights,
        "recipe": recipe_data(recipe),
        "data": {
            "name": data.name,
            "train": len(data.train),
            "eval": len(data.eval),
            "sum": hashlib.sha256(repr((data.classes, data.train.listed(), data.eval.listed())).encode()).hexdigest(),
        },
        "torch": str(torch.__version__),
    }


def recipe_data(recipe: Recipe) -> dict[str, Any]:
    """Every field with its value, in the form in which it is written."""
    return {each.name: _plain(getattr(recipe, each.name)) for each in fields(recipe) if each.name != "spans"}


def _plain(value: Any) -> Any:
    if isinstance(value, Named):
        return {value.name: _plain(value.arguments)}
    if isinstance(value, OutputLoss):
        loss = {value.loss.name: _plain(value.loss.arguments), "weight": value.weight}
        beside = {"from": _plain(value.outputs), "target": value.target}
        return {**loss, **{key: each for key, each in beside.items() if each}}
    if isinstance(value, ParamGroup):
        return {"match": list(value.match), **_plain(value.arguments)}
    if isinstance(value, Transforms):
        return {phase: _plain(getattr(value, phase)) for phase in ("train", "eval", "batch")}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def check_same(stored: Mapping[str, Any], now: Mapping[str, Any], checkpoint: str) -> None:
    """Refuse to go on with another model, another recipe or other data.

    Args:
        stored: of the checkpoint.
        now: of what is to go on.
        checkpoint: its name, for the message.

    Raises:
        UsageError: AS610, with the differences; AS611, the data has changed.
    """
    changes = tuple(_changes(_document(stored), _document(now)))
    if changes:
        help = "go on with the spec and the recipe it was started with, or start a new run with `--out`"
        message = f"the checkpoint `{checkpoint}` is of another spec or recipe"
        raise UsageError(Diagnostic("AS610", message, notes=changes, help=help))
    before, after = stored["data"], now["data"]
    if before != after:
        was, is_ = (f"{plural(each['train'], 'image')} and {each['eval']:,}" for each in (before, after))
        what = f"it had {was} to measure on, now it has {is_}" if was != is_ else "the files or classes are others"
        help = "bring back the data as it was, or start a new run with `--out`"
        message = f"the data `{after['name']}` has changed since the checkpoint `{checkpoint}`: {what}"
        raise UsageError(Diagnostic("AS611", message, help=help))


def check_model(architecture: Trainable, folder: Path) -> None:
    """Refuse a caller's module that is not like the one which a run has trained.

    Raises:
        UsageError: AS610, with the differences.
    """
    before, after = (
        {**_read(text), "module": ""}
        for text in ((folder / MODULE).read_text(encoding="utf-8"), architecture.spec_text_without_weights)
    )
    changes = tuple(_changes(before, after))
    if changes:
        message = f"the weights in `{folder}` are of another module"
        raise UsageError(
            Diagnostic("AS610", message, notes=changes, help="give a module like the one that was trained")
        )


def _read(text: str) -> dict[str, Any]:
    read = source.plain(source.read(SourceText(SPEC, text)))
    assert isinstance(read, dict)
    return read


def _document(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be equal. A field that an older archspec did not have has its default."""
    spec = _read(identity["spec"])
    recipe = {**recipe_data(Recipe()), **identity["recipe"]}
    recipe["data"] = {
        name: {key: value for key, value in arguments.items() if key not in _MAY_CHANGE_IN_DATA}
        for name, arguments in recipe["data"].items()
    }
    train = {name: value for name, value in recipe.items() if name not in MAY_CHANGE}
    return {**{name: value for name, value in spec.items() if name not in ("train", "weights")}, "train": train}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = (
        yaml.safe_dump(_plain(each), sort_keys=False, allow_unicode=True).splitlines() for each in (before, after)
    )
    lines = [line for line in difflib.unified_diff(old, new, n=1, lineterm="") if line[:3] not in ("---", "+++")]
    if lines:
        yield "`-` is the checkpoint's, `+` what is to go on:"
    yield from (line for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"… and {len(lines) - _MOST_LINES} lines more"
