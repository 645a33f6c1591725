"""Initial weights: the policy that wins, called by torch with the parameter's own generator; torch's defaults."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import archspec
from archspec.emit.initialize import generator
from tests.judge import build, faults, load

IMAGE = "input: [3, 8, 8]\n"
LAYERS = """
layers:
  conv: {Conv2d: {out_channels: 8, kernel_size: 3}}
  norm: BatchNorm2d
  body: [{Conv2d: {out_channels: 8, kernel_size: 3}}, ReLU]
  flat: Flatten
  fc: {Linear: 10}
"""


def expected(name: str, shape: tuple[int, ...], function: str, seed: int = 0, **arguments) -> torch.Tensor:
    """What torch.nn.init makes of a tensor with that parameter's generator."""
    tensor = torch.empty(shape)
    return getattr(nn.init, f"{function}_")(tensor, generator=generator(seed, name, torch.device("cpu")), **arguments)


@pytest.mark.parametrize(
    ("policy", "function", "arguments"),
    [
        (
            "{kaiming_normal: {mode: fan_out, nonlinearity: relu}}",
            "kaiming_normal",
            {"mode": "fan_out", "nonlinearity": "relu"},
        ),
        ("kaiming_uniform", "kaiming_uniform", {}),
        ("{kaiming_uniform: {a: 0.3}}", "kaiming_uniform", {"a": 0.3}),
        ("xavier_normal", "xavier_normal", {}),
        ("{xavier_uniform: 2}", "xavier_uniform", {"gain": 2}),
        ("{xavier_uniform: {gain: 0.5}}", "xavier_uniform", {"gain": 0.5}),
        ("{normal: {std: 0.02}}", "normal", {"std": 0.02}),
        ("{normal: {mean: 1, std: 0.02}}", "normal", {"mean": 1, "std": 0.02}),
        ("{trunc_normal: {std: 0.02, a: -0.04, b: 0.04}}", "trunc_normal", {"std": 0.02, "a": -0.04, "b": 0.04}),
        ("{uniform: {a: -1, b: 2}}", "uniform", {"a": -1, "b": 2}),
        ("{orthogonal: {gain: 2}}", "orthogonal", {"gain": 2}),
    ],
)
def test_each_function_is_torch_s_own(policy: str, function: str, arguments: dict) -> None:
    module = build(IMAGE + LAYERS + f"init:\n  Conv2d: {policy}\n")
    for name in ("conv.weight", "body.0.weight"):
        weight = module.get_parameter(name)
        assert torch.equal(weight, expected(name, weight.shape, function, **arguments))


@pytest.mark.parametrize(
    ("policy", "value"), [("ones", 1.0), ("zeros", 0.0), ("{constant: 0.3}", 0.3), ("{constant: {val: -2}}", -2.0)]
)
def test_constants(policy: str, value: float) -> None:
    module = build(IMAGE + LAYERS + f"init: {{Linear: {{weight: {policy}, bias: {policy}}}}}\n")
    assert module.fc.weight.eq(value).all()
    assert module.fc.bias.eq(value).all()


def test_structured_constants() -> None:
    module = build(IMAGE + LAYERS + "init: {Linear: eye, body.0.weight: dirac}\n")
    assert torch.equal(module.fc.weight, nn.init.eye_(torch.empty(10, 128)))
    assert torch.equal(module.body[0].weight, nn.init.dirac_(torch.empty(8, 8, 3, 3)))


def test_a_kind_alone_means_its_weights_and_leaves_biases() -> None:
    plain, ours = build(IMAGE + LAYERS), build(IMAGE + LAYERS + "init: {Conv2d: zeros}\n")
    assert ours.conv.weight.eq(0).all()
    assert ours.body[0].weight.eq(0).all()
    assert torch.equal(ours.conv.bias, plain.conv.bias)
    assert torch.equal(ours.fc.weight, plain.fc.weight)


def test_per_parameter_and_by_glob_later_wins() -> None:
    module = build(
        IMAGE
        + LAYERS
        + """
init:
  Conv2d: {weight: {constant: 1}, bias: {constant: 2}}
  BatchNorm2d: {weight: {constant: 3}, bias: {constant: 4}}
  "body.*": {constant: 5}
  "*.bias": {constant: 6}
  fc.bias: {constant: 7}
  Linear: {constant: 8}
"""
    )
    values = {name: set(parameter.flatten().tolist()) for name, parameter in module.named_parameters()}
    assert values == {
        "conv.weight": {1},
        "conv.bias": {6},
        "norm.weight": {3},
        "norm.bias": {6},
        "body.0.weight": {5},
        "body.0.bias": {6},
        "fc.weight": {8},
        "fc.bias": {7},
    }


def test_a_policy_touches_no_buffer() -> None:
    module = build(IMAGE + LAYERS + 'init: {"norm.*": {constant: 9}}\n')
    assert module.norm.running_var.eq(1).all()
    assert module.norm.num_batches_tracked == 0


@pytest.mark.parametrize(
    ("init", "code", "marked"),
    [
        ("{Conv2: zeros}", "AS201", "Conv2"),
        ("{Conv2d: kaiming_norml}", "AS201", "kaiming_norml"),
        ("{Conv2d: {kaiming_normal: {mod: fan_in}}}", "AS202", "mod"),
        ("{Conv2d: {kaiming_normal: {mode: fan_it}}}", "AS401", "fan_it"),
        ("{Conv2d: {normal: {std: high}}}", "AS401", "high"),
        ("{Conv2d: {normal: {generator: 3}}}", "AS202", "generator"),
        ("{Conv2d: {zeros: 3}}", "AS204", "3"),
        ("{Conv2d: {constant: {}}}", "AS203", "constant"),
        ("{BatchNorm2d: kaiming_normal}", "AS403", "BatchNorm2d"),
        ('{"fc.*": orthogonal}', "AS403", '"fc.*"'),
        ("{Conv2d: 3}", "AS101", "3"),
        ("{Conv2d: [zeros]}", "AS101", "[zeros]"),
    ],
)
def test_faulty_policies(init: str, code: str, marked: str) -> None:
    assert faults(IMAGE + LAYERS + f"init: {init}\n") == [(code, marked)]


def test_a_policy_that_matches_nothing_is_warned_of() -> None:
    spec = IMAGE + LAYERS + 'init: {Conv3d: zeros, "head.*": zeros, Linear: zeros}\n'
    assert [warning.code for warning in load(spec).warnings] == ["AS404", "AS404"]


# Torch's defaults, where the spec names none.


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        ("{Linear: 512}", (300,)),
        ("{Conv1d: {out_channels: 256, kernel_size: 5}}", (64, 9)),
        ("{Conv2d: {out_channels: 256, kernel_size: 3, groups: 4}}", (64, 5, 5)),
        ("{ConvTranspose2d: {out_channels: 64, kernel_size: 3}}", (256, 5, 5)),
    ],
)
def test_defaults_have_torch_s_distribution(entry: str, size: tuple[int, ...]) -> None:
    """A layer's own `reset_parameters` draws uniformly from ±1/√fan_in, weights and biases."""
    ours = build(f"input: {list(size)}\nlayers: {{a: {entry}}}\n").a
    bound = 1 / math.sqrt(ours.weight[0].numel())  # torch counts a transposed convolution's fan in the same way
    for parameter in (ours.weight, ours.bias):
        drawn = parameter.detach().abs().max().item()
        assert 0.9 * bound < drawn <= bound * (1 + 1e-6)
        assert abs(parameter.std().item() / (bound / math.sqrt(3)) - 1) < 0.2
        assert abs(parameter.mean().item()) < bound / 3


def test_a_model_s_default_statistics_are_those_of_hand_written_layers() -> None:
    ours = build(IMAGE + LAYERS)
    torch.manual_seed(0)
    draws = [nn.Linear(128, 10) for _ in range(50)]
    for name in ("weight", "bias"):
        theirs = torch.cat([getattr(layer, name).flatten() for layer in draws]).detach()
        mine = torch.cat(
            [getattr(load(IMAGE + LAYERS).build(seed=seed).fc, name).flatten() for seed in range(50)]
        ).detach()
        assert abs(mine.std() / theirs.std() - 1) < 0.1
        assert abs(mine.abs().max() / theirs.abs().max() - 1) < 0.02
    assert ours.norm.weight.eq(1).all()
    assert ours.norm.bias.eq(0).all()


# Seeds.


def test_a_seed_gives_one_model_and_another_seed_another() -> None:
    architecture = load(IMAGE + LAYERS)
    first, again, other = architecture.build(seed=3), architecture.build(seed=3), architecture.build(seed=4)
    for (name, a), b, c in zip(first.named_parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b), name
        assert torch.equal(a, c) == name.startswith("norm"), name


def test_torch_s_own_generator_is_neither_used_nor_moved() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build(IMAGE + LAYERS)
    torch.manual_seed(2)
    second = load(IMAGE + LAYERS).build()
    assert torch.equal(first.fc.weight, second.fc.weight)
    torch.manual_seed(1)
    load(IMAGE + LAYERS).build()
    assert torch.equal(torch.get_rng_state(), before)


def test_another_layer_leaves_the_weights_of_all_others() -> None:
    more = LAYERS.replace("  body:", "  extra: {Conv2d: {out_channels: 8, kernel_size: 1}}\n  body:")
    before, after = build(IMAGE + LAYERS).state_dict(), build(IMAGE + more).state_dict()
    assert after.keys() - before.keys() == {"extra.weight", "extra.bias"}
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), name


def test_one_more_copy_leaves_the_weights_of_the_others() -> None:
    spec = "input: [4]\nvars: {n: 2}\nlayers: {a: {Linear: 4, repeat: $n}, fc: {Linear: 2}}\n"
    before, after = build(spec).state_dict(), build(spec, n=5).state_dict()
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor), name


def test_parameters_of_one_layer_and_of_equal_layers_differ() -> None:
    module = build("input: [4]\nlayers: {a: {Linear: 4}, b: {Linear: 4}}\n")
    assert not torch.equal(module.a.weight, module.b.weight)
    assert not torch.equal(module.a.weight[0], module.a.bias)


def test_a_generator_is_the_same_in_every_process_and_version() -> None:
    """Pinned: another derivation would give every seed other weights."""
    assert generator(0, "fc.weight", torch.device("cpu")).initial_seed() == 3276293446285593013


def test_without_initialisation_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.emit import module

    monkeypatch.setattr(module, "initialize", lambda *_: pytest.fail("was initialised"))
    made = module.build_module(archspec.load(f"archspec: 1\n{IMAGE}{LAYERS}").graph, initial=False)
    assert made.norm.running_var.eq(1).all()


def test_the_weights_are_the_same_whatever_the_number_of_threads() -> None:
    architecture = load(
        "input: [600]\ninit: {b.weight: xavier_normal, c.weight: {trunc_normal: {std: 0.02}}, d.weight: orthogonal}\n"
        "layers: {a: {Linear: 500}, b: {Linear: 400}, c: {Linear: 300}, d: {Linear: 200}}\n"
    )
    before = torch.get_num_threads()
    states = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            states.append(architecture.build(seed=3).state_dict())
    finally:
        torch.set_num_threads(before)
    for state in states[1:]:
        for name, tensor in state.items():
            assert tensor.equal(states[0][name]), name


def test_a_failing_job_of_several_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.emit.parallel import run_all

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        run_all([(1 << 20, lambda: None), (1, fail)])


def test_a_cut_that_cuts_nothing_is_a_normal_draw_and_a_closer_one_is_torch_s() -> None:
    text = (
        "input: [300]\ninit: {{fc.weight: {{trunc_normal: {{std: 1.0, a: {0}, b: {1}}}}}}}\n"
        "layers: {{fc: {{Linear: 400}}}}\n"
    )
    wide = build(text.format(-9.0, 9.0)).fc.weight
    assert torch.equal(wide, expected("fc.weight", wide.shape, "normal", std=1.0))
    near = build(text.format(-3.0, 3.0)).fc.weight
    assert torch.equal(near, expected("fc.weight", near.shape, "trunc_normal", std=1.0, a=-3.0, b=3.0))
    assert near.abs().max() <= 3


def test_a_layer_made_of_layers_is_drawn_once() -> None:
    drawn: list[int] = []
    real = torch.Tensor.uniform_
    torch.Tensor.uniform_ = lambda tensor, *a, **k: (drawn.append(tensor.numel()), real(tensor, *a, **k))[1]  # type: ignore[assignment]
    try:
        build("input: [30]\nlayers: {mlp: {MLP: {hidden_channels: [20, 10]}}}\n")
    finally:
        torch.Tensor.uniform_ = real  # type: ignore[method-assign]
    assert sorted(drawn) == sorted([600, 20, 200, 10])
