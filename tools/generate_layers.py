"""Rewrites docs/layers.md: every public class of torch.nn, and what a spec can do with it.

Run: python tools/generate_layers.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
import torchvision.ops
from torch import nn

from archspec.ops.entry import Arg, Op
from archspec.ops.refused import REFUSED
from archspec.ops.registry import BARE, CATALOGUE

DOC = Path(__file__).parents[1] / "docs" / "layers.md"

_CONTAINERS = {
    "Container": "a base class of old",
    "Module": "the base class of all layers; your own come in by [`archspec.register`](plugins.md)",
    "ModuleDict": "made by `branches`, and by a `repeat` whose copies have names",
    "ModuleList": "made by `repeat`, and by a list of `branches`",
    "ParameterDict": "holds tensors, does nothing: a `Parameter` is an entry of its own",
    "ParameterList": "holds tensors, does nothing: a `Parameter` is an entry of its own",
    "RNNBase": "the base class of `RNN`, `LSTM` and `GRU`",
    "RNNCellBase": "the base class of `RNNCell`, `LSTMCell` and `GRUCell`",
    "Sequential": "a list of entries, or `layers` in an entry",
}
_OTHERS = {
    "DataParallel": "wraps a whole model; superseded by DistributedDataParallel",
    "TransformerDecoder": "a stack of one layer: `TransformerDecoderLayer` with `repeat`",
    "TransformerEncoder": "a stack of one layer: `TransformerEncoderLayer` with `repeat`",
}


def reason(name: str) -> str | None:
    """Why a class of torch.nn is no kind of a spec; None where nobody has said."""
    if name in _CONTAINERS or name in _OTHERS:
        return (_CONTAINERS | _OTHERS)[name]
    if name == "AdaptiveLogSoftmaxWithLoss":
        return "a loss with weights of its own, which takes the labels too"
    if name.endswith("Loss") or name == "NLLLoss2d":
        return "a loss: it goes into `train: {loss: …}`"
    if name.startswith("Lazy"):
        return f"not needed: `{name.removeprefix('Lazy')}` infers what it leaves open"
    return None


def public_classes() -> Mapping[str, type[nn.Module]]:
    """Every module class that `torch.nn` exports."""
    named = ((name, getattr(nn, name)) for name in sorted(dir(nn)) if not name.startswith("_"))
    return {name: thing for name, thing in named if inspect.isclass(thing) and issubclass(thing, nn.Module)}


def layers_of_torchvision() -> list[str]:
    """Every module class that `torchvision.ops` exports."""
    named = ((name, getattr(torchvision.ops, name)) for name in sorted(dir(torchvision.ops)))
    return [name for name, thing in named if inspect.isclass(thing) and issubclass(thing, nn.Module)]


def unaccounted() -> list[str]:
    """Classes of the installed torch.nn and torchvision.ops that are neither supported nor explained."""
    of_torch = [name for name in public_classes() if name not in CATALOGUE and reason(name) is None]
    return of_torch + [name for name in layers_of_torchvision() if name not in CATALOGUE and name not in REFUSED]


def text() -> str:
    """The whole document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Layers and functions"
    yield ""
    yield "Written by `python tools/generate_layers.py`. Arguments in *italics* are inferred from the input;"
    yield "those without a default have to be written. What each means is in torch's own documentation."
    yield ""
    for title, ops in _groups().items():
        yield f"## {title}"
        yield ""
        yield "| kind | what it is | arguments |"
        yield "|---|---|---|"
        for op in ops:
            yield f"| `{op.name}` | {_cell(op.doc)} | {', '.join(map(_argument, op.args)) or '–'} |"
        yield ""
    yield "## Classes of torch.nn that are no layers of a spec"
    yield ""
    yield "| class | why |"
    yield "|---|---|"
    for name in public_classes():
        if name not in CATALOGUE:
            yield f"| `{name}` | {reason(name) or '**unaccounted for**'} |"
    yield ""
    yield "## Layers of torchvision.ops that are no kinds"
    yield ""
    yield "| class | why | instead |"
    yield "|---|---|---|"
    for name in layers_of_torchvision():
        if name not in CATALOGUE:
            yield f"| `{name}` | {' | '.join(REFUSED.get(name, ('**unaccounted for**', '–')))} |"


def _groups() -> dict[str, list[Op]]:
    ops = sorted(CATALOGUE.values(), key=lambda op: op.name.lower())
    return {
        "Layers of torch.nn": [op for op in ops if op.is_module and op.target.startswith("torch.nn.")],
        "Layers of torchvision.ops, and two of our own": [
            op for op in ops if op.is_module and not op.target.startswith("torch.nn.")
        ],
        "Functions": [op for op in ops if not op.is_module],
        "Bare tensors": list(BARE.values()),
    }


def _argument(arg: Arg) -> str:
    if arg.inferred is not None:
        return f"*{arg.name}*"
    return f"`{arg.name}`" if arg.is_required else f"`{arg.name}={_literal(arg.default)}`"


def _literal(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOC.write_text(text(), encoding="utf-8")
    print(f"{DOC.name}: {len(CATALOGUE)} kinds, torch {torch.__version__}")
