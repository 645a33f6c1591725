"""Sequences: named and numbered, nested, and every form of an entry."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.judge import Hand, agree, build, faults

IMAGE = "input: [3, 8, 8]\n"


def test_named_layers_are_attributes_in_order() -> None:
    hand = Hand(
        lambda m, x: m.fc(m.flatten(m.act(m.conv(x)))),
        conv=nn.Conv2d(3, 4, 3),
        act=nn.ReLU(),
        flatten=nn.Flatten(),
        fc=nn.Linear(144, 5),
    )
    spec = IMAGE + "layers:\n  conv: {Conv2d: {out_channels: 4, kernel_size: 3}}\n  act: ReLU\n  flatten: Flatten\n"
    agree(spec + "  fc: {Linear: 5}\n", hand)


def test_a_list_at_the_top_is_numbered() -> None:
    hand = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
    spec = IMAGE + "layers:\n- Conv2d: {out_channels: 4, kernel_size: 3}\n- BatchNorm2d\n- ReLU\n- MaxPool2d: 2\n"
    agree(spec, hand)


def test_sequences_nest_in_both_forms() -> None:
    hand = nn.Sequential(
        OrderedDict(
            stem=nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), nn.BatchNorm2d(4))),
            body=nn.Sequential(OrderedDict(a=nn.Conv2d(4, 6, 1), b=nn.Sequential(OrderedDict(c=nn.Conv2d(6, 2, 1))))),
        )
    )
    spec = """
layers:
  stem:
    - Conv2d: {out_channels: 4, kernel_size: 3}
    - [ReLU, BatchNorm2d]
  body:
    layers:
      a: {Conv2d: {out_channels: 6, kernel_size: 1}}
      b: {layers: {c: {Conv2d: {out_channels: 2, kernel_size: 1}}}}
"""
    module = agree(IMAGE + spec, hand)
    assert type(module.stem) is type(module.body) is nn.Sequential


@pytest.mark.parametrize(
    ("entry", "layer"),
    [
        ("ReLU", nn.ReLU()),
        ("{ReLU: }", nn.ReLU()),
        ("{ReLU: {}}", nn.ReLU()),
        ("{LeakyReLU: 0.3}", nn.LeakyReLU(0.3)),
        ("{LeakyReLU: {negative_slope: 0.3}}", nn.LeakyReLU(0.3)),
        ("{MaxPool2d: [2, 3]}", nn.MaxPool2d((2, 3))),
        ("{MaxPool2d: {kernel_size: 3, stride: 1}}", nn.MaxPool2d(3, 1)),
        ("{Conv2d: {out_channels: 4, kernel_size: [1, 3], bias: false}}", nn.Conv2d(3, 4, (1, 3), bias=False)),
        ("{Conv2d: {in_channels: 3, out_channels: 4, kernel_size: 1}}", nn.Conv2d(3, 4, 1)),
        ("[ReLU]", nn.Sequential(nn.ReLU())),
        ("{layers: [ReLU, {Conv2d: {out_channels: 2, kernel_size: 1}}]}", nn.Sequential(nn.ReLU(), nn.Conv2d(3, 2, 1))),
    ],
)
def test_every_form_of_an_entry(entry: str, layer: nn.Module) -> None:
    agree(IMAGE + f"layers:\n  only: {entry}\n", nn.Sequential(OrderedDict(only=layer)))


def test_functions_take_listed_inputs_from_or_the_entry_before() -> None:
    def forward(m: Hand, x):
        a, b = m.a(x), m.b(x)
        listed, chosen = a + b, torch_cat(a, b)
        return F.softmax(torch_cat(F.relu(chosen), listed).flatten(1, 2), dim=2)

    def torch_cat(*values):
        return torch.cat(values, dim=1)

    hand = Hand(forward, a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 4, 1))
    spec = """
layers:
  a: {Conv2d: {out_channels: 4, kernel_size: 1}}
  b: {Conv2d: {out_channels: 4, kernel_size: 1}, from: input}
  listed: {add: [a, b]}
  chosen: {concat: {dim: 1}, from: [a, b]}
  named: {relu: chosen}
  all: {concat: [named, listed]}
  flat: {flatten: {start_dim: 1, end_dim: 2}}
  out: {softmax: 2}
"""
    agree(IMAGE + spec, hand)


def test_numbered_layers_are_referred_to_by_number() -> None:
    class Numbered(nn.Sequential):
        def forward(self, x):
            first = self[0](x)
            second = self[1](first)
            return second + self[2](second) + first

    numbered = Numbered(nn.Conv2d(3, 3, 1), nn.Tanh(), nn.Conv2d(3, 3, 1))
    conv = "{Conv2d: {out_channels: 3, kernel_size: 1}}"
    spec = IMAGE + f"layers:\n- {conv}\n- Tanh\n- {conv}\n- {{add: [1, 2, 0]}}\n"
    agree(spec, numbered)


def test_a_reference_written_as_a_decimal_number_goes_inward() -> None:
    class Hand2(nn.Sequential):
        def forward(self, x):
            inner = self[0][0](x)
            return self[0][1](inner) + inner

    conv = "{Conv2d: {out_channels: 3, kernel_size: 1}}"
    hand = Hand2(nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()))
    agree(IMAGE + f"layers:\n- [{conv}, ReLU]\n- {{add: {{}}, from: [previous, 0.0]}}\n", hand)


def test_names_that_are_no_identifiers_are_reached_by_getattr() -> None:
    hand = nn.Sequential(
        OrderedDict([("block1-0", nn.Conv2d(3, 4, 1)), ("1x1", nn.Conv2d(4, 2, 1)), ("lambda", nn.ReLU())])
    )
    conv = "{{Conv2d: {{out_channels: {}, kernel_size: 1}}}}"
    agree(IMAGE + f"layers:\n  block1-0: {conv.format(4)}\n  1x1: {conv.format(2)}\n  lambda: ReLU\n", hand)


def test_names_alike_as_identifiers_stay_apart() -> None:
    hand = Hand(
        lambda m, x: getattr(m, "a-b")(x) + m.a_b(x) + x, **{"a-b": nn.Conv2d(3, 3, 1), "a_b": nn.Conv2d(3, 3, 1)}
    )
    spec = """
layers:
  a-b: {Conv2d: {out_channels: 3, kernel_size: 1}}
  a_b: {Conv2d: {out_channels: 3, kernel_size: 1}, from: input}
  out: {add: [a-b, a_b, input]}
"""
    agree(IMAGE + spec, hand)


@pytest.mark.parametrize("name", ["torch", "F", "nn", "self", "x", "pad_like", "super", "print", "Model"])
def test_no_name_hides_what_generated_code_needs(name: str) -> None:
    spec = f"""
name: {name if name != "Model" else "pad_like"}
layers:
  {name}: {{MaxPool2d: 2}}
  again: {{concat: [input, {name}, {name}], align: pad}}
  out: {{relu: {name}}}
  end: {{concat: [again, out], align: pad}}
"""

    def pad(x):
        return F.pad(x, [2, 2, 2, 2])

    def forward(m, x):
        small = F.max_pool2d(x, 2)
        return torch.cat([x, pad(small), pad(small), pad(F.relu(small))], 1)

    agree(IMAGE + spec, Hand(forward))


@pytest.mark.parametrize(
    ("entry", "code", "marked"),
    [
        ("{ReLU: {}, from: []}", "AS103", "[]"),
        ("{ReLU: {}, from: [], skip: add}", "AS103", "[]"),
        ("{ReLU: {}, from: [], repeat: 2}", "AS103", "[]"),
        ("{layers: [ReLU], from: []}", "AS103", "[]"),
        ("{ReLU: {}, from: [], when: false}", "AS103", "[]"),
        ("{add: []}", "AS103", "[]"),
        ("[]", "AS103", "[]"),
        ("{}", "AS105", "{}"),
        ("{from: input}", "AS105", "from"),
        ("3", "AS101", "3"),
        ("null", "AS101", "null"),
        ("{ReLU: {}, Tanh: {}}", "AS105", "Tanh"),
    ],
)
def test_entries_that_say_nothing_are_faults_of_their_own(entry: str, code: str, marked: str) -> None:
    assert (code, marked) in faults(IMAGE + f"layers:\n  only: {entry}\n")


def test_inputs_given_twice_is_a_fault() -> None:
    assert faults(IMAGE + "layers:\n  a: ReLU\n  b: {relu: a, from: input}\n") == [("AS107", "from")]


def test_without_a_forward_of_its_own_a_model_is_still_a_module_of_its_class() -> None:
    module = build("name: Tiny\n" + IMAGE + "layers: [ReLU]\n")
    assert type(module).__name__ == "Tiny"


@pytest.mark.parametrize(
    ("entry", "marked"),
    [
        ("{ReLU: , first: {inplace: true}}", "first"),
        ("{ReLU: , per_stage: {inplace: [true]}}", "per_stage"),
        ("{layers: [ReLU], last: {inplace: true}}", "last"),
        ("{ReLU: , align: pad}", "align"),
        ("{layers: [ReLU], skip: add, align: pad}", "align"),
        ("{$act: , per_repeat: {inplace: [true]}}", "per_repeat"),
    ],
)
def test_a_modifier_that_says_nothing_is_a_fault(entry: str, marked: str) -> None:
    found = faults(IMAGE + f"vars: {{act: ReLU}}\nlayers:\n  only: {entry}\n")
    assert ("AS105", marked) in found


def test_a_bare_list_of_sections_names_no_inputs() -> None:
    (fault,) = faults(IMAGE + "layers:\n  parts: {split: [1, 2]}\n  last: {relu: parts.1}\n")
    assert fault == ("AS402", "split")
