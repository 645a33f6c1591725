"""Every function of `torch.nn.init` in an `init` section: torch's values, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archspec
from archspec.emit.initialize import derived_seed, fill, generator
from archspec.ops.entry import Init
from archspec.ops.init_rules import argument_fault, shape_fault
from archspec.ops.signatures import signatures
from tests.judge import build, faults, load

_NUMBERS = st.integers(-3, 3) | st.floats(-3, 3).map(lambda value: round(value, 2))
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "groups": st.integers(-1, 3),
    "sparsity": st.floats(-0.5, 1.5),
    "mode": st.sampled_from(["fan_in", "fan_out"]),
    "nonlinearity": st.sampled_from(["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]),
}


@st.composite
def _calls(draw: st.DrawFn) -> Init:
    signature = draw(st.sampled_from(list(signatures("inits").values())))
    arguments = {
        argument.name: draw(_VALUES.get(argument.name, _NUMBERS))
        for argument in signature.arguments
        if argument.required or draw(st.booleans())
    }
    return Init(signature.name, arguments)


_SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=5).map(tuple)


def by_torch(init: Init, shape: tuple[int, ...], name: str, seed: int = 0) -> torch.Tensor:
    """What torch makes of a tensor, with the parameter's generator wherever torch takes one."""
    arguments: dict[str, Any] = dict(init.arguments)
    function = getattr(nn.init, f"{init.function}_")
    if init.function not in ("constant", "ones", "zeros", "eye", "dirac"):
        arguments["generator"] = generator(seed, name, torch.device("cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, name))
        made: torch.Tensor = function(torch.empty(shape), **arguments)
    return made


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@given(_calls(), _SHAPES)
def test_what_is_accepted_has_torch_s_values_and_what_torch_refuses_is_refused(
    init: Init, shape: tuple[int, ...]
) -> None:
    if argument_fault(init.function, init.arguments) is not None:
        return
    if shape_fault(init, shape) is not None:
        with pytest.raises((ValueError, RuntimeError)):
            by_torch(init, shape, "x")
        return
    ours = torch.empty(shape)
    with torch.no_grad():
        fill(ours, init, 0, "x")
    assert torch.equal(ours, by_torch(init, shape, "x"))
    assert torch.isfinite(ours).all()


@pytest.mark.filterwarnings("error:mean is more than 2 std")
@given(_calls())
def test_arguments_are_refused_only_where_torch_refuses_or_warns_of_them(init: Init) -> None:
    """But for a share beyond 0 to 1 and groups below 1, of which torch makes something all the same."""
    if argument_fault(init.function, init.arguments) is None or init.function in ("sparse", "dirac"):
        return
    with pytest.raises((ValueError, RuntimeError, ZeroDivisionError, UserWarning)):
        by_torch(init, (6, 6), "x")


@pytest.mark.parametrize("function", signatures("inits"))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_in_every_dtype(function: str, dtype: str) -> None:
    value = {"constant": "{constant: 0.5}", "sparse": "{sparse: 0.5}"}.get(function, function)
    key = "conv.weight" if function == "dirac" else "fc.weight"
    module = archspec.build(
        "archspec: 1\ninput: [3, 8, 8]\nlayers:\n  conv: {Conv2d: {out_channels: 3, kernel_size: 3}}\n"
        f"  flatten: Flatten\n  fc: {{Linear: 10}}\ninit: {{{key}: {value}}}\n",
        dtype=dtype,
    )
    weight = module.get_parameter(key)
    assert weight.dtype == getattr(torch, dtype)
    assert torch.isfinite(weight).all()


def test_torch_s_own_generator_stays_where_it_is() -> None:
    spec = "input: [8]\nlayers: {fc: {Linear: 4}}\ninit: {Linear: {sparse: 0.5}}\n"
    first = build(spec).fc.weight
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert torch.equal(load(spec).build().fc.weight, first)
    assert torch.equal(torch.get_rng_state(), state)


IMAGE = """
input: [3, 8, 8]
vars: {deviation: 0.5}
blocks:
  res:
    params: {channels: int}
    layers:
      conv1: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1}}
      bn1: BatchNorm2d
      conv2: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1}}
      bn2: BatchNorm2d
layers:
  stem: {Conv2d: {out_channels: 4, kernel_size: 3}}
  layer1: {res: {channels: 4}, repeat: 2, skip: add}
  flatten: Flatten
  fc: {Linear: 10}
"""


@pytest.mark.parametrize(
    ("init", "marked", "words"),
    [
        ("{Linear: {normal: {std: -1}}}", "-1", "≥ 0"),
        ("{Linear: {uniform: {a: 2}}}", "2", "a ≤ b"),
        ("{Linear: {trunc_normal: {std: 0}}}", "0", "> 0"),
        ("{Linear: {trunc_normal: {a: 3}}}", "3", "a ≤ b"),
        ("{Linear: {trunc_normal: {mean: 9, std: 0.01}}}", "9", "within 2 × std"),
        ("{Linear: {sparse: 1.5}}", "1.5", "between 0 and 1"),
        ("{Conv2d: {dirac: 0}}", "0", "≥ 1"),
        ("{Linear: {normal: {std: $(-deviation)}}}", "$(-deviation)", "≥ 0"),
    ],
)
def test_arguments_out_of_their_domain(init: str, marked: str, words: str) -> None:
    assert faults(f"{IMAGE}init: {init}\n") == [("AS401", marked)]
    (fault,) = archspec.check(f"archspec: 1\n{IMAGE}init: {init}\n")
    assert words in fault.message


@pytest.mark.parametrize(
    "init",
    [
        "{Conv2d: eye}",
        "{Conv2d: {sparse: 0.1}}",
        "{Linear: dirac}",
        "{Linear: {bias: orthogonal}}",
        "{stem.weight: {dirac: 3}}",
    ],
)
def test_shapes_that_a_function_does_not_take(init: str) -> None:
    assert [code for code, _ in faults(f"{IMAGE}init: {init}\n")] == ["AS403"]


@pytest.mark.parametrize("init", ["orthogonal", "eye", "dirac"])
def test_bare_tensors_are_checked_too(init: str) -> None:
    spec = f"input: [3]\nlayers:\n  p: {{Parameter: {{shape: [3], init: {init}}}}}\n  a: {{add: [input, p]}}\n"
    assert [code for code, _ in faults(spec)] == ["AS403"]


def test_a_variable_as_an_argument() -> None:
    weight = build(f"{IMAGE}init: {{Linear: {{constant: $(deviation * 3)}}}}\n").fc.weight
    assert weight.eq(1.5).all()
    assert faults(f"{IMAGE}init: {{Linear: {{constant: $devation}}}}\n") == [("AS211", "devation")]


def test_a_block_s_parameters_by_their_names_inside_it() -> None:
    module = build(f"{IMAGE}init: {{BatchNorm2d: ones, res: {{bn2.weight: zeros, 'conv?.bias': {{constant: 2}}}}}}\n")
    for copy in module.layer1:
        assert copy.bn2.weight.eq(0).all()
        assert copy.bn1.weight.eq(1).all()
        assert copy.conv1.bias.eq(2).all()
        assert copy.conv2.bias.eq(2).all()
    assert not module.stem.bias.eq(2).any()


def test_a_block_alone_means_the_weights_inside_it() -> None:
    plain, module = build(IMAGE), build(f"{IMAGE}init: {{res: {{constant: 3}}}}\n")
    for name, parameter in module.named_parameters():
        if name.startswith("layer1") and name.endswith("weight"):
            assert parameter.eq(3).all(), name
        else:
            assert torch.equal(parameter, plain.get_parameter(name)), name


def test_a_misspelt_block() -> None:
    assert faults(f"{IMAGE}init: {{Res: zeros}}\n") == [("AS201", "Res")]


def test_a_glob_that_is_none() -> None:
    assert faults(f'{IMAGE}init: {{"fc[.*": zeros}}\n') == [("AS409", '"fc[.*"')]


@pytest.mark.parametrize(
    ("init", "said"),
    [
        ("{Linear: zeros, '*.weight': ones}", ["is overruled by later ones for every parameter of a `Linear`"]),
        ("{'fc.weight': zeros, Linear: ones}", ["is overruled by later ones for every parameter"]),
        ("{Conv2d: zeros}", ["matches no parameter of a `Conv2d`"]),
        (
            "{Linear: zeros, 'fc.weight': ones, 'o*.weight': ones}",
            ["is overruled by later ones for every parameter of a `Linear`"],
        ),
        ("{Linear: zeros, 'fc.weight': ones}", []),
    ],
)
def test_what_says_nothing_in_the_end(init: str, said: list[str]) -> None:
    spec = f"archspec: 1\ninput: [4]\nlayers: {{fc: {{Linear: 4}}, other: {{Linear: 4}}}}\ninit: {init}\n"
    warnings = [fault.message.removeprefix("this initialisation ") for fault in archspec.check(spec)]
    assert warnings == said
