"""Random overlays and importers, and specs of every kind of the catalogue: what the corpus has little or nothing of."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from archspec.ops.registry import kinds
from tests.fuzz.mutate import text_of
from tests.fuzz.watch import BESIDE, PATIENT, Wrong, check_bytes

Spec: TypeAlias = dict[str, Any]

_EDITS: tuple[Any, ...] = (
    None,
    "ReLU",
    {"Linear": 10},
    ["ReLU", {"Dropout": 0.5}],
    {"ReLU": None, "after": "conv1"},
    {"Tanh": None, "before": "fc"},
    {"Identity": None, "after": "new", "before": "conv1"},
    {"layers": {"conv1": None, "relu": "GELU", "more": {"Tanh": None, "before": "relu"}}},
    {"per_repeat": {"stride": [1, 2]}},
    {"repeat": 3},
)
_NAMES = ("conv1", "bn1", "relu", "fc", "layer1", "body", "deep", "new", "flatten", "0", "features", "nowhere")
_GOOD = {
    "base.yaml": ("conv1", "bn1", "relu", "body", "deep", "flatten", "fc", "new"),
    "over.yaml": ("conv1", "relu", "body", "deep", "flatten", "fc", "new"),
    "zoo:resnet18": ("conv1", "bn1", "relu", "fc", "layer1", "flatten", "new"),
    "zoo:unet": ("new",),
}
"""Files that a spec may extend, and entries that these have or may be given."""
_PATHS = (*BESIDE, "zoo:resnet18", "zoo:unet", "zoo:vgg", "zoo:vit_b_16", "zoo:resnet81", "../net.yaml", "net.yaml")
_RULES: tuple[Any, ...] = ("zeros", "kaiming_normal", {"normal": {"std": 0.01}}, {"weight": "ones", "bias": "zeros"}, 3)
_GLOBS = ("*", "conv1.*", "*.weight", "Conv2d", "BatchNorm2d", "layer*.0.*", "a**b", "", "fc.bias")


_TRIES = 3


def overlay(draw: random.Random) -> Spec:
    """A spec that extends or imports others: entries replaced, removed, put in; inputs, variables and policies."""
    if draw.random() < 0.3:
        start: Spec = {"archspec": 1} if draw.random() < 0.1 else {"archspec": 1, "extends": draw.choice(_PATHS)}
        return _grown(start, _sections(draw, _NAMES), draw, tries=0)
    path = draw.choices(list(_GOOD), [4, 4, 1, 1])[0]
    return _grown(
        {"archspec": 1, "extends": path, "vars": {"base": 4}}, _sections(draw, _GOOD[path]), draw, tries=_TRIES
    )


def of_any_kinds(draw: random.Random) -> Spec:
    """A few entries of any kinds with the arguments of their examples, some of them in branches, copies and skips."""
    shape = draw.choice([[4], [4, 8], [4, 8, 8], [4, 8, 8], [4, 4, 8, 8]])
    given: Any = shape if draw.random() < 0.8 else {"shape": shape, "dtype": draw.choice(["int64", "bool", "float64"])}
    start = {"archspec": 1, "input": given, "layers": {}}
    return _grown(start, _entries(draw), draw, tries=0 if draw.random() < 0.3 else _TRIES)


Part: TypeAlias = tuple[str, Callable[[], Any]]
"""A section, and what draws something to lay over it."""


def _grown(spec: Spec, parts: Iterator[Part], draw: random.Random, tries: int) -> Spec:
    """The spec with all parts. With tries, each is drawn so often until the checker takes the whole, or left out."""
    for name, make in parts:
        for _ in range(max(1, tries)):
            value = make()
            merged = {**spec[name], **value} if isinstance(spec.get(name), dict) and isinstance(value, dict) else value
            more = {**spec, name: merged}
            if not tries or _taken(more):
                spec = more
                break
    return spec


def _taken(spec: Spec) -> bool:
    """Whether the checker accepts it, or breaks on it: then it is what is looked for."""
    try:
        found = check_bytes((text_of(spec) + "\n").encode(errors="replace"), ".yaml", PATIENT)
    except Wrong:
        return True
    return not any(fault.severity == "error" for fault in found)


def _sections(draw: random.Random, names: tuple[str, ...]) -> Iterator[Part]:
    sections: dict[str, Callable[[], Any]] = {
        "import": lambda: draw.choice(
            [["parts/blocks.yaml"], ["parts/blocks.yaml"], [draw.choice(_PATHS)], "base.yaml"]
        ),
        "layers": lambda: {draw.choice(names): draw.choice(_EDITS) for _ in range(draw.randrange(1, 3))},
        "blocks": lambda: {draw.choice(["unit", "res_block", "mine"]): draw.choice([None, {"layers": ["ReLU"]}])},
        "vars": lambda: {
            draw.choice(["channels", "num_classes", "base"]): draw.choice([4, 8, "$(2 * 4)", None, [1, 2]])
        },
        "inputs": lambda: {"meta": [draw.choice([1, 4])]},
        "outputs": lambda: {"y": draw.choice(names), "aux": {"from": draw.choice(names), "training": True}},
        "defaults": lambda: {
            draw.choice(["Conv2d", "ReLU", "unit"]): draw.choice([{"bias": False}, {"inplace": True}, 3])
        },
        "init": lambda: {draw.choice(_GLOBS): draw.choice(_RULES) for _ in range(draw.choice([1, 2]))},
        "freeze": lambda: [draw.choice(_GLOBS) for _ in range(draw.choice([1, 2]))],
        "train": lambda: {
            "data": "digits",
            "optimizer": {"SGD": {"lr": 0.1}},
            "epochs": draw.choice([1, None, "$(3)"]),
        },
    }
    for name in draw.sample([*sections, "layers"], draw.randrange(1, 5)):
        yield name, sections[name]


def _entries(draw: random.Random) -> Iterator[Part]:
    count = draw.choice([1, 2, 2, 3, 5])
    for index in range(count):
        yield "layers", lambda index=index: {f"e{index}": _arranged(_entry(draw), draw)}
    if draw.random() < 0.3:
        yield "layers", lambda: {"b": {"Buffer": {"layers": [{"arange": 8}, *_few(draw)]}}}
    if draw.random() < 0.3:
        yield "layers", lambda: {"u": {"use": draw.choice(["e0", "e1", "e0.0", "e9"])}}
    if draw.random() < 0.3:
        tap = ["$(0)", "$(len([1]))", "$(-1)", "$(1 / 0)", "$(index)"]
        yield "layers", lambda: {"t": {"add": draw.choice([["input", f"e0.{draw.choice(tap)}"], ["previous", "e0"]])}}


def _few(draw: random.Random) -> list[Any]:
    return [_entry(draw) for _ in range(draw.randrange(3))]


_KINDS = tuple(kinds())


def _entry(draw: random.Random) -> Any:
    from archspec.ops.registry import find

    op = find(draw.choice(_KINDS))
    assert op is not None
    given = {arg.name: arg.example for arg in op.args if arg.is_required or draw.random() < 0.15}
    if op.variadic and not op.is_module:
        return (
            {op.name: ["input", "previous"]} if draw.random() < 0.5 else {op.name: given, "from": ["input", "previous"]}
        )
    return {op.name: given} if given else op.name


def _arranged(entry: Any, draw: random.Random) -> Any:
    whole: dict[str, Any] = dict(entry) if isinstance(entry, dict) else {entry: None}
    shape = draw.randrange(9)
    if shape == 0:
        return {"branches": [entry, _entry(draw)], "merge": draw.choice(["concat", "add", "mean", "none"])}
    if shape == 1:
        return {**whole, "repeat": draw.choice([2, [1, 2], {"one": None, "two": {}}, "$(1 + 1)"])}
    if shape == 2:
        return {**whole, "repeat": 2, "names": draw.choice(["n$(index)", "n", "n$(index // 2)"])}
    if shape == 3:
        return {**whole, "skip": draw.choice(["add", "concat", {"merge": "add", "project": "auto"}, {"merge": "mul"}])}
    if shape == 4:
        return {**whole, "tie": {"weight": draw.choice(["e0.weight", "e1.bias", "input"])}}
    return entry
