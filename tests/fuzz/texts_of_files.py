"""Random overlays and importers, and specs of every kind of the catalogue: what the corpus has little or nothing of."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from archspec.ops.registry import kinds

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
_SOUND = ("base.yaml", "over.yaml", "zoo:resnet18", "zoo:unet", "zoo:vgg16", "zoo:vit_b_16")
_PATHS = (*_SOUND, "parts/blocks.yaml", "loop.yaml", "zoo:vgg", "zoo:resnet81", "../net.yaml", "net.yaml")
_RULES: tuple[Any, ...] = ("zeros", "kaiming_normal", {"normal": {"std": 0.01}}, {"weight": "ones", "bias": "zeros"}, 3)
_GLOBS = ("*", "conv1.*", "*.weight", "Conv2d", "BatchNorm2d", "layer*.0.*", "a**b", "", "fc.bias")


def overlay(draw: random.Random, paths: tuple[str, ...] = _PATHS) -> dict[str, Any]:
    """A spec that extends or imports others: entries replaced, removed, put in; inputs, variables and policies."""
    spec: dict[str, Any] = {"archspec": 1}
    if draw.random() < 0.9:
        spec["extends"] = draw.choice(paths)
    else:
        spec["input"] = [3, 16, 16]
    if draw.random() < 0.4:
        spec["import"] = draw.choice([["parts/blocks.yaml"], ["parts/blocks.yaml"], [draw.choice(_PATHS)], "base.yaml"])
    sections: dict[str, Callable[[], Any]] = {
        "layers": lambda: {draw.choice(_NAMES): draw.choice(_EDITS) for _ in range(draw.randrange(1, 4))},
        "blocks": lambda: {draw.choice(["unit", "res_block", "mine"]): draw.choice([None, {"layers": ["ReLU"]}])},
        "vars": lambda: {
            draw.choice(["channels", "num_classes", "base"]): draw.choice([4, 8, "$(2 * 4)", None, [1, 2]])
        },
        "inputs": lambda: {"meta": [draw.choice([1, 4])]},
        "outputs": lambda: {"y": draw.choice(_NAMES), "aux": {"from": draw.choice(_NAMES), "training": True}},
        "defaults": lambda: {
            draw.choice(["Conv2d", "ReLU", "unit"]): draw.choice([{"bias": False}, {"inplace": True}, 3])
        },
        "init": lambda: {draw.choice(_GLOBS): draw.choice(_RULES) for _ in range(2)},
        "freeze": lambda: [draw.choice(_GLOBS), draw.choice(_GLOBS)],
        "train": lambda: {
            "data": "digits",
            "optimizer": {"SGD": {"lr": 0.1}},
            "epochs": draw.choice([1, None, "$(3)"]),
        },
    }
    for name in draw.sample(list(sections), draw.randrange(1, 5)):
        spec[name] = sections[name]()
    return spec


def of_any_kinds(draw: random.Random, count: int) -> dict[str, Any]:
    """So many entries of any kinds with the arguments of their examples, some of them in branches, copies and skips."""
    entries = {f"e{index}": _arranged(_entry(draw), draw) for index in range(count)}
    if draw.random() < 0.3:
        entries["b"] = {"Buffer": {"layers": [{"arange": 8}, *(_entry(draw) for _ in range(draw.randrange(3)))]}}
    if draw.random() < 0.3:
        entries["u"] = {"use": draw.choice(["e0", "e0.0", "e9"])}
    if draw.random() < 0.3:
        entries["t"] = {"add": ["input", f"e0.$({draw.choice(['0', 'len([1])', '-1', '1 / 0', 'index'])})"]}
    shape = draw.choice([[4], [4, 8], [4, 8, 8], [4, 8, 8], [4, 4, 8, 8]])
    given: Any = shape if draw.random() < 0.8 else {"shape": shape, "dtype": draw.choice(["int64", "bool", "float64"])}
    return {"archspec": 1, "input": given, "layers": entries}


_WHOLE = ("archspec", "input", "extends")


def sound_overlay(draw: random.Random, is_sound: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """One on a base that is sound, as far as it is sound itself."""
    return sound_parts(overlay(draw, _SOUND), is_sound)


def sound_parts(spec: dict[str, Any], is_sound: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """As much of a spec as is sound, put together part by part; what of it is not may go as deep as the rest."""
    kept = {name: spec[name] for name in _WHOLE if name in spec}
    for name, section in spec.items():
        if name in _WHOLE:
            continue
        parts = [{key: value} for key, value in section.items()] if isinstance(section, dict) else [section]
        for part in parts:
            more = {**kept, name: {**kept.get(name, {}), **part} if isinstance(part, dict) else part}
            kept = more if is_sound(more) else kept
    return kept


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
