"""`inline`: copies that stand in the list around them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.judge import Hand, agree, faults

ROW = "input: [4]\n"


def _chain(*layers: nn.Module) -> Hand:
    return Hand(lambda m, x: m.body(x), body=nn.Sequential(*layers))


def test_copies_of_a_layer_are_numbered_on_in_the_list() -> None:
    spec = ROW + "layers: {body: [ReLU, {Linear: , repeat: 2, per_repeat: {out_features: [5, 6]}, inline: true}, Tanh]}"
    agree(spec, _chain(nn.ReLU(), nn.Linear(4, 5), nn.Linear(5, 6), nn.Tanh()))


def test_entries_of_a_repeated_sequence_are_numbered_on() -> None:
    spec = """
input: [4]
layers:
  body:
    - layers:
        - Linear: $(stage + 5)
        - {BatchNorm1d: {}, when: $(index > 0)}
        - {Tanh: {}, when: $(position == total - 1)}
      repeat: [1, 2]
      inline: true
    - Linear: 2
"""
    hand = _chain(nn.Linear(4, 5), nn.Linear(5, 6), nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    agree(spec, hand)


def test_a_bare_tensor_is_one_of_the_module_around_the_list() -> None:
    spec = (
        ROW
        + """
layers:
  body:
    - layers: [Tanh, {Parameter: {shape: [4], init: ones}}, {mul: ["$(3 * index + 0)", previous]}]
      repeat: 2
      inline: true
"""
    )
    body = Hand(lambda m, x: getattr(m, "3")(getattr(m, "0")(x) * getattr(m, "1")) * getattr(m, "4"))
    for name in ("0", "3"):
        body.add_module(name, nn.Tanh())
    for name in ("1", "4"):
        body.register_parameter(name, nn.Parameter(torch.ones(4)))
    agree(spec, Hand(lambda m, x: m.body(x), body=body))


def test_blocks_keep_a_scope_of_their_own() -> None:
    spec = """
input: [4]
blocks:
  Step:
    params: {size: int}
    layers: {fc: {Linear: $size}, act: ReLU}
layers:
  body:
    - {Step: {size: 3}, repeat: [1, 1], first: {size: $(7 - stage)}, inline: true}
    - {Linear: 6, skip: add, repeat: 2, inline: true}
"""
    hand = Hand(
        lambda m, x: _twice(m.body, x),
        body=nn.Sequential(
            Hand(lambda m, x: m.act(m.fc(x)), fc=nn.Linear(4, 7), act=nn.ReLU()),
            Hand(lambda m, x: m.act(m.fc(x)), fc=nn.Linear(7, 6), act=nn.ReLU()),
            nn.Linear(6, 6),
            nn.Linear(6, 6),
        ),
    )
    agree(spec, hand)


def _twice(body: nn.Sequential, x):
    for step in body[:2]:
        x = step(x)
    for layer in body[2:]:
        x = x + layer(x)
    return x


def test_inside_one_another() -> None:
    spec = ROW + (
        "layers: {body: [{layers: [{Linear: 4, repeat: 2, inline: true}, ReLU], repeat: 2, inline: true}, Tanh]}"
    )
    made = [nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(), nn.Tanh()]
    agree(spec, _chain(*made))


def test_a_later_entry_can_refer_to_them() -> None:
    spec = ROW + "layers: {body: [{Linear: 4, repeat: 3, inline: true}], add: {add: [body.0, body.2]}}"
    linears = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))

    def forward(m, x):
        first = m.body[0](x)
        return first + m.body[2](m.body[1](first))

    agree(spec, Hand(forward, body=linears))


@pytest.mark.parametrize(
    ("layers", "fault"),
    [
        ("{a: {Linear: 4, repeat: 2, inline: true}}", ("AS105", "inline")),
        ("[{Linear: 4, inline: true}]", ("AS105", "inline")),
        ("[{Linear: 4, repeat: {a: {}, b: {}}, inline: true}]", ("AS105", "inline")),
        ("[{layers: {a: {Linear: 4}}, repeat: 2, inline: true}]", ("AS105", "inline")),
        ("[{layers: [{Linear: 4}], skip: add, repeat: 2, inline: true}]", ("AS105", "skip")),
        ("[{Linear: 4, from: input, repeat: 2, inline: true}]", ("AS105", "from")),
        ("[{Linear: 4, repeat: 2, names: 'a$(index)', inline: true}]", ("AS105", "names")),
        ("[{Linear: 4, repeat: 2, inline: false}]", ("AS101", "false")),
        ("[{branches: [{Linear: 4, repeat: 2, inline: true}, ReLU], merge: add}]", ("AS105", "inline")),
        ("[{Linear: 4, repeat: 0, inline: true}, {Linear: 2}]", ("AS230", "0")),
        ("[{Linear: 4, repeat: 2, per_repeat: {bias: [true]}, inline: true}]", ("AS230", "[true]")),
        ("[{Linear: '$(1 // (1 - index))', repeat: 2, inline: true}]", ("AS214", "")),
    ],
)
def test_faults(layers: str, fault: tuple[str, str]) -> None:
    found = faults(ROW + f"layers: {layers}\n")
    if fault[1]:
        assert found == [fault]
    else:
        assert len(found) == 1
