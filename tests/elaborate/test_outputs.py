"""Inputs and outputs of the model: names, forms, element types, what is there in training mode only."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.judge import Hand, agree, build, faults, load, samples

ROW = "input: [4]\n"
LAYERS = "layers: {a: {Linear: 5}, b: {Linear: 6}, c: {Linear: 7}}\n"


def hand(result) -> Hand:
    def forward(m, x):
        a = m.a(x)
        b = m.b(a)
        return result(a, b, m.c(b), x)

    return Hand(forward, a=nn.Linear(4, 5), b=nn.Linear(5, 6), c=nn.Linear(6, 7))


@pytest.mark.parametrize(
    ("outputs", "result"),
    [
        ("c", lambda a, b, c, x: c),
        ("[c, a]", lambda a, b, c, x: (c, a)),
        ("[c]", lambda a, b, c, x: (c,)),
        ("[c, c, input]", lambda a, b, c, x: (c, c, x)),
        ("{logits: c, features: a}", lambda a, b, c, x: {"logits": c, "features": a}),
        ("{logits: {from: c}}", lambda a, b, c, x: {"logits": c}),
        ("{logits: {from: c, training: false}}", lambda a, b, c, x: {"logits": c}),
    ],
)
def test_every_form(outputs: str, result) -> None:
    agree(ROW + LAYERS + f"outputs: {outputs}\n", hand(result))


def test_without_outputs_the_last_layer_is_returned() -> None:
    agree(ROW + LAYERS, hand(lambda a, b, c, x: c))
    assert load(ROW + LAYERS).output_types.keys() == {"output"}


def test_an_output_that_is_not_the_last_layer() -> None:
    module = build(ROW + LAYERS + "outputs: a\n")
    assert module(torch.zeros(2, 4)).shape == (2, 5)
    assert len(module.state_dict()) == 6


AUX = """
layers:
  a: {Linear: 5}
  aux: [{Linear: 3}, ReLU]
  b: {Linear: 6, from: a}
  aux2: {layers: {x: {Linear: 2}}}
"""


@pytest.mark.parametrize(
    ("outputs", "form"),
    [
        ("{out: b, aux: {from: aux, training: true}, deep: {from: aux2.x, training: true}}", dict),
        ("[b, {from: aux, training: true}, {from: aux2.x, training: true}]", tuple),
    ],
)
def test_training_only_outputs_are_not_computed_in_eval_mode(outputs: str, form: type) -> None:
    architecture = load(ROW + AUX + f"outputs: {outputs}\n")
    module = architecture.build()
    assert architecture.prove(module) == ()
    calls = []
    for name in ("aux", "aux2"):
        module.get_submodule(name).register_forward_hook(lambda *_, name=name: calls.append(name))
    (x,) = samples(architecture)
    full, short = module.train()(x), module.eval()(x)
    assert calls == ["aux", "aux2"]
    assert type(full) is type(short) is form
    values = list(full.values()) if form is dict else list(full)
    assert [tuple(value.shape) for value in values] == [(3, 6), (3, 3), (3, 2)]
    rest = list(short.values()) if form is dict else list(short)
    assert len(rest) == 1
    assert torch.equal(rest[0], values[0])
    a = module.a(x)
    assert torch.equal(values[1], module.aux(a))
    assert torch.equal(values[2], module.aux2.x(module.b(a)))


def test_several_inputs_are_the_arguments_in_order() -> None:
    spec = """
inputs: {image: [3, 8, 8], meta: {shape: [2]}, mask: {shape: [3, 8, 8], dtype: bool}}
layers:
  flat: {flatten: , from: image}
  fc: {Linear: 2}
  out: {add: [fc, meta]}
outputs: [out, mask]
"""
    module = agree(spec, Hand(lambda m, i, j, k: (m.fc(i.flatten(1)) + j, k), fc=nn.Linear(192, 2)))
    image, meta, mask = samples(load(spec))
    assert torch.equal(module(mask=mask, meta=meta, image=image)[0], module(image, meta, mask)[0])


def test_the_first_entry_takes_all_inputs() -> None:
    agree("inputs: {a: [2], b: [3]}\nlayers: [concat, {Linear: 4}]\n", _Joined())


class _Joined(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.add_module("1", nn.Linear(5, 4))

    def forward(self, a, b):
        return self.get_submodule("1")(torch.cat([a, b], 1))


@pytest.mark.parametrize("names", [("torch", "self"), ("F", "nn"), ("x", "x2"), ("input", "forward")])
def test_inputs_may_have_any_name(names: tuple[str, str]) -> None:
    first, second = names
    spec = f"""
inputs: {{{first}: [4], {second}: [4]}}
layers: {{fc: {{Linear: 4, from: {second}}}, out: {{add: [fc, {first}]}}}}
"""
    agree(spec, Hand(lambda m, a, b: m.fc(b) + a, fc=nn.Linear(4, 4)))


def test_sizes_of_inputs_are_expressions() -> None:
    spec = """
vars: {size: 6, shape: [3, 5]}
inputs: {a: [3, $size, $(size // 2)], b: $shape}
layers: [{relu: a}]
outputs: [0, b]
"""
    types = load(spec, size=8).input_types
    assert [type_.shape[1:] for type_ in types.values()] == [(3, 8, 4), (3, 5)]


@pytest.mark.parametrize(
    ("written", "code", "marked"),
    [
        ("input: 3", "AS101", "3"),
        ("input: [3, 0]", "AS101", "0"),
        ("input: [-1, 3]", "AS101", "-1"),
        ("input: [N, 3]", "AS101", "N"),
        ("input: [3, 2.5]", "AS101", "2.5"),
        ("input: [3, true]", "AS101", "true"),
        ("input: {shap: [3]}", "AS102", "shap"),
        ("input: {shape: [3], dtype: int63}", "AS101", "int63"),
        ("inputs: {}", "AS103", "{}"),
        ("inputs: [3]", "AS101", "[3]"),
        ("inputs: {a-b: [3]}", "AS106", "a-b"),
        ("input: [3]\ninputs: {a: [3]}", "AS107", "inputs"),
    ],
)
def test_faulty_inputs(written: str, code: str, marked: str) -> None:
    assert (code, marked) in faults(f"{written}\nlayers: [ReLU]\n")


@pytest.mark.parametrize(
    ("outputs", "code", "marked"),
    [
        ("[]", "AS103", "[]"),
        ("{}", "AS103", "{}"),
        ("nowhere", "AS205", "nowhere"),
        ("[a, nowhere]", "AS205", "nowhere"),
        ("{x: nowhere}", "AS205", "nowhere"),
        ("{x y: a}", "AS106", "x y"),
        ("{x: {form: a}}", "AS101", "{form: a}"),
        ("{x: {from: a, training: yes}}", "AS101", "yes"),
        ("{x: {from: a, training: true}}", "AS103", "{x: {from: a, training: true}}"),
        ("[{from: a, training: true}]", "AS103", "[{from: a, training: true}]"),
    ],
)
def test_faulty_outputs(outputs: str, code: str, marked: str) -> None:
    assert faults(ROW + LAYERS + f"outputs: {outputs}\n") == [(code, marked)]


@pytest.mark.parametrize("outputs", ["[]", "{}"])
def test_faulty_outputs_of_a_block(outputs: str) -> None:
    assert faults(ROW + f"blocks: {{B: {{layers: [ReLU], outputs: {outputs}}}}}\nlayers: [B]\n") == [("AS103", outputs)]
