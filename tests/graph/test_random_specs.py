"""Random small specs: each is refused with an error that has a place, or keeps every promise of the compiler."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archspec
from archspec.graph import invariants
from tests.judge import tensors

SMALL = st.integers(1, 4)


def _conv(draw: st.DrawFn) -> Any:
    arguments: dict[str, Any] = {"out_channels": draw(SMALL), "kernel_size": draw(st.integers(1, 3))}
    for name, values in (("stride", (1, 2)), ("padding", (0, 1)), ("groups", (1, 2)), ("bias", (True, False))):
        if draw(st.booleans()):
            arguments[name] = draw(st.sampled_from(values))
    return {"Conv2d": arguments}


def _layer(draw: st.DrawFn) -> Any:
    choice = draw(st.integers(0, 9))
    if choice < 4:
        return _conv(draw)
    return draw(
        st.sampled_from(
            [
                "BatchNorm2d",
                "ReLU",
                {"GELU": None},
                {"MaxPool2d": 2},
                {"AvgPool2d": {"kernel_size": 2, "ceil_mode": True}},
                {"GroupNorm": {"num_groups": 2}},
                {"Dropout": 0.5},
                {"MaxPool2d": {"kernel_size": 2, "return_indices": True}},
                "Identity",
                "relu",
                "$act",
            ]
        )
    )


BLOCKS = ("res", "pair", "join")


def _use(draw: st.DrawFn) -> dict[str, Any]:
    """A layer or block with arguments, as a mapping that modifiers can be put into."""
    kind = draw(st.sampled_from(("layer", "layer", *BLOCKS)))
    if kind == "res":
        return {"res": draw(st.fixed_dictionaries({"c": SMALL}, optional={"stride": st.integers(1, 2)}))}
    if kind != "layer":
        return {kind: {}}
    layer = _layer(draw)
    return {layer: None} if isinstance(layer, str) else dict(layer)


def _modify(draw: st.DrawFn, entry: dict[str, Any], names: list[str], inside: bool) -> dict[str, Any]:
    kind = next(iter(entry))
    references = st.sampled_from(["input", "previous", *names])
    if kind == "join":
        entry["from"] = [draw(references), draw(references)]
    elif draw(st.integers(0, 4)) == 0:
        entry["from"] = draw(references)
    if draw(st.integers(0, 3)) == 0:
        entry["repeat"] = draw(st.sampled_from([1, 2, 3, [1, 2], [2, 1, 1], "$n"]))
        if kind == "res" and draw(st.booleans()):
            entry["first"] = {"c": draw(SMALL)}
            entry["last"] = {"stride": 2}
        if kind == "Conv2d" and isinstance(entry["repeat"], list) and draw(st.booleans()):
            entry["per_stage"] = {"out_channels": [draw(SMALL) for _ in entry["repeat"]]}
    if draw(st.integers(0, 3)) == 0:
        entry["skip"] = draw(
            st.sampled_from(
                [
                    "add",
                    "mul",
                    "concat",
                    {"project": "auto"},
                    {"merge": "add", "project": {"Conv2d": {"out_channels": 2, "kernel_size": 1}}},
                ]
            )
        )
    if draw(st.integers(0, 5)) == 0:
        words = [True, False, "$flag", "$(input.channels > 2)"] + (["$(index > 0)"] if "repeat" in entry else [])
        entry["when"] = draw(st.sampled_from(words))
    return entry


def _merge(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["add", "mul", "concat"]))
    some = st.lists(st.sampled_from(["input", "previous", *names]), min_size=2, max_size=3)
    entry: dict[str, Any] = {kind: draw(some)}
    if draw(st.booleans()):
        entry["align"] = draw(st.sampled_from(["pad", "crop", "resize"]))
    return entry


def _taps(entry: Any, name: str) -> list[str]:
    """References that may reach inside an entry."""
    if not isinstance(entry, dict):
        return [f"{name}.0"] if isinstance(entry, list) else []
    taps = [f"{name}.$(0)", f"{name}.0"] if "repeat" in entry else []
    if "layers" in entry and "repeat" not in entry:
        inner = entry["layers"]
        taps += [f"{name}.{child}" for child in (inner if isinstance(inner, dict) else range(len(inner)))]
    if "pair" in entry and "repeat" not in entry:
        taps += [f"{name}.deep", f"{name}.1"]
    if "return_indices" in str(entry):
        taps.append(f"{name}.indices")
    return taps


@st.composite
def named(draw: st.DrawFn, depth: int = 0, outside: tuple[str, ...] = (), prefix: str = "l") -> dict[str, Any]:
    names: list[str] = list(outside)
    layers: dict[str, Any] = {}
    for index in range(draw(st.integers(1, 5))):
        name = f"{prefix}{index}"
        choice = draw(st.integers(0, 9))
        entry: Any
        if choice < 2:
            entry = _merge(draw, names)
        elif choice < 4 and depth < 2:
            entry = _modify(draw, {"layers": draw(named(depth + 1, tuple(names), f"{name}_"))}, names, depth > 0)
        elif choice < 5 and depth < 2:
            entry = {"layers": [_layer(draw) for _ in range(draw(st.integers(1, 3)))]}
        else:
            entry = _modify(draw, _use(draw), names, depth > 0)
        layers[name] = entry
        names += [name, *_taps(entry, name)]
    return layers


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    layers = draw(named())
    names = list(layers)
    spec: dict[str, Any] = {
        "archspec": 1,
        "input": [draw(SMALL), draw(st.integers(3, 9)), draw(st.integers(3, 9))],
        "vars": {"act": draw(st.sampled_from(["Tanh", {"LeakyReLU": 0.2}])), "flag": draw(st.booleans()), "n": 2},
        "blocks": {
            "res": {
                "params": {"c": "int", "stride": 1},
                "layers": {
                    "conv": {"Conv2d": {"out_channels": "$c", "kernel_size": 3, "padding": 1, "stride": "$stride"}},
                    "down": {
                        "Conv2d": {"out_channels": "$c", "kernel_size": 1, "stride": "$stride"},
                        "from": "input",
                        "when": "$(stride != 1 or input.channels != c)",
                    },
                    "out": {"add": ["conv", "down"]},
                },
            },
            "pair": {
                "layers": {"a": "ReLU", "b": {"Conv2d": {"out_channels": 2, "kernel_size": 1}}},
                "outputs": {"wide": "a", "deep": "b"},
            },
            "join": {
                "inputs": ["x", "skip"],
                "layers": {"cat": {"concat": ["skip", "x"], "align": "resize"}, "act": "$act"},
            },
        },
        "layers": layers,
    }
    form = draw(st.integers(0, 3))
    if form == 1:
        spec["outputs"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    elif form == 2:
        spec["outputs"] = {"main": names[-1], "aux": {"from": draw(st.sampled_from(names)), "training": True}}
    return spec


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_refused_with_a_place_or_every_promise_kept(spec: dict[str, Any]) -> None:
    try:
        architecture = archspec.load(spec)
    except archspec.SpecError as error:
        errors = [fault for fault in error.diagnostics if fault.severity == "error"]
        assert errors
        assert all(fault.span is not None for fault in errors)
        error.diagnostics[0].render()
        return
    invariants.check(architecture.graph)
    module = architecture.build()
    assert architecture.num_params == sum(parameter.numel() for parameter in module.parameters())
    assert architecture.prove(module) == ()
    _check_training(architecture, module)


def _check_training(architecture: archspec.Architecture, module: torch.nn.Module) -> None:
    """In training mode every output is there with its inferred shape, and backward runs."""
    shape = [2, *architecture.input_types["input"].shape[1:]]
    x = torch.randn(shape, requires_grad=True)  # type: ignore[arg-type]
    made = tensors(module.train()(x + 0))
    wanted = [(2, *type_.shape[1:]) for type_ in architecture.output_types.values()]
    assert [tuple(tensor.shape) for tensor in made] == wanted or len(wanted) != len(made)
    floating = [tensor for tensor in made if tensor.requires_grad]
    if floating:
        sum(tensor.sum() for tensor in floating).backward()  # type: ignore[union-attr]
