"""`when`: an entry that is there or not, and what stands for one that is not."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn

from tests.judge import Hand, agree, as_exported, build, faults, load, samples

IMAGE = "input: [3, 8, 8]\n"


def conv(inputs: int = 3, outputs: int = 3, **rest) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, **rest)


def written(channels: object = 3, rest: str = "") -> str:
    return f"Conv2d: {{out_channels: {channels}, kernel_size: 1{rest}}}"


def test_a_named_entry_is_there_or_not() -> None:
    layers = f"  a: {{{written()}}}\n  b: {{{written()}, when: $deep}}\n  c: {{{written()}}}\n"
    spec = f"vars: {{deep: true}}\nlayers:\n{layers}"
    agree(IMAGE + spec, nn.Sequential(OrderedDict(a=conv(), b=conv(), c=conv())))
    agree(IMAGE + spec, nn.Sequential(OrderedDict(a=conv(), c=conv())), deep=False)


def test_in_a_list_the_next_entry_takes_the_number() -> None:
    spec = f"vars: {{norm: false}}\nlayers:\n- {written()}\n- {{BatchNorm2d: , when: $norm}}\n- {written(4)}\n"
    agree(IMAGE + spec, nn.Sequential(conv(), conv(3, 4)))
    agree(IMAGE + spec, nn.Sequential(conv(), nn.BatchNorm2d(3), conv(3, 4)), norm=True)


def test_the_first_entry_of_a_list_is_not_there() -> None:
    agree(IMAGE + f"layers:\n- {{ReLU: , when: false}}\n- {written(2)}\n", nn.Sequential(conv(3, 2)))


def test_who_refers_to_an_absent_entry_gets_its_input() -> None:
    def forward(m, x):
        a = m.a(x)
        return torch.cat([m.b(a), a, x], 1)

    spec = f"""
layers:
  a: {{{written()}}}
  no: {{{written()}, when: $(1 > 2)}}
  none: {{ReLU: , from: input, when: false}}
  b: {{{written()}, from: no}}
  out: {{concat: [b, no, none]}}
"""
    agree(IMAGE + spec, Hand(forward, a=conv(), b=conv()))


def test_an_absent_entry_as_tap_capture_and_output() -> None:
    def forward(m, x):
        first = m.s.a(x)
        return m.t.c(first) + first, first, x

    spec = f"""
layers:
  s: {{layers: {{a: {{{written()}}}, gone: {{ReLU: , when: false}}}}}}
  none: {{ReLU: , from: input, when: false}}
  t: {{from: s, layers: {{c: {{{written()}}}, sum: {{add: [c, s.gone]}}}}}}
outputs: [t, s.gone, none]
"""
    agree(IMAGE + spec, Hand(forward, s=Hand(lambda m, x: m.a(x), a=conv()), t=Hand(None, c=conv())))


class Residual(nn.Module):
    """A block as torchvision writes it: the shortcut's layer is None where there is none."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, stride=stride)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, stride=stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = self.conv(x)
        return out + (x if self.downsample is None else self.downsample(x))


BLOCK = """
blocks:
  res:
    params: {channels: int, stride: 1}
    layers:
      conv: {Conv2d: {out_channels: $channels, kernel_size: 1, stride: $stride}}
      downsample:
        from: input
        when: $(stride != 1 or input.channels != channels)
        layers: [{Conv2d: {out_channels: $channels, kernel_size: 1, stride: $stride}}, BatchNorm2d]
      out: {add: [conv, downsample]}
"""


def test_one_class_serves_instances_with_and_without_an_entry() -> None:
    spec = "layers:\n- res: 3\n- res: 5\n- {res: {channels: 5, stride: 2}}\n- res: 5\n"
    hand = nn.Sequential(Residual(3, 3), Residual(3, 5), Residual(5, 5, 2), Residual(5, 5))
    module = agree(IMAGE + BLOCK + spec, hand)
    first, second, *_ = module.children()
    assert type(first) is type(second)
    assert first.downsample is None
    assert isinstance(second.downsample, nn.Sequential)


def test_copies_of_such_a_block_are_one_loop() -> None:
    def forward(m, x):
        for block in m.body:
            x = block(x)
        return x

    spec = "layers:\n  body: {res: 6, repeat: 3, first: {stride: 2}}\n"
    hand = Hand(forward, body=nn.ModuleList([Residual(3, 6, 2), Residual(6, 6), Residual(6, 6)]))
    agree(IMAGE + BLOCK + spec, hand)


def test_an_entry_absent_in_every_instance() -> None:
    module = build(IMAGE + BLOCK + "layers: [{res: 3}, {res: 3}]\n")
    assert list(module.state_dict()) == ["0.conv.weight", "0.conv.bias", "1.conv.weight", "1.conv.bias"]


def test_each_copy_has_a_condition_of_its_own_and_the_rest_are_renumbered() -> None:
    def forward(m, x):
        for layer in m.a:
            x = layer(x)
        return x

    spec = f"layers:\n  a: {{{written('$(index + 4)')}, repeat: 4, when: $(index % 2 == 1)}}\n"
    agree(IMAGE + spec, Hand(forward, a=nn.ModuleList([conv(3, 5), conv(5, 7)])))


@pytest.mark.parametrize("repeat", ["3", "[1, 2]"])
def test_without_any_copy_the_entry_is_not_there(repeat: str) -> None:
    spec = (
        f"layers:\n  a: {{{written()}, repeat: {repeat}, when: false}}\n  b: {{{written()}}}\n  out: {{add: [a, b]}}\n"
    )
    agree(IMAGE + spec, Hand(lambda m, x: m.b(x) + x, b=conv()))


def test_without_any_copy_in_a_list_the_next_takes_the_number() -> None:
    agree(IMAGE + f"layers:\n- {{ReLU: , repeat: 2, when: false}}\n- {written()}\n", nn.Sequential(conv()))


def test_a_stage_without_any_copy_is_not_there() -> None:
    def forward(m, x):
        for stage in m.a:
            for layer in stage:
                x = layer(x)
        return x

    spec = f"layers:\n  a: {{{written('$(stage + 3)')}, repeat: [1, 2, 1], when: $(stage != 1)}}\n"
    agree(IMAGE + spec, Hand(forward, a=nn.ModuleList([nn.ModuleList([conv()]), nn.ModuleList([conv(3, 5)])])))


def test_a_named_stage_without_any_copy_is_passed_through() -> None:
    def forward(m, x):
        return m.s2[0](m.s0[0](x))

    spec = f"layers:\n  s$(stage): {{{written()}, repeat: [1, 2, 1], when: $(stage != 1)}}\n"
    agree(IMAGE + spec, Hand(forward, s0=nn.ModuleList([conv()]), s2=nn.ModuleList([conv()])))


@pytest.mark.parametrize("condition", ["1", '"true"', "yes", "$(1 + 1)", "[true]", "null"])
def test_a_condition_is_a_truth_value(condition: str) -> None:
    found = faults(IMAGE + f"layers:\n  a: {{ReLU: , when: {condition}}}\n")
    assert [code for code, _ in found] == ["AS101"]


@pytest.mark.parametrize(
    ("entry", "code", "marked"),
    [
        ("{sub: [{}], when: false}", "AS401", "[{}]"),
        ("{Linear: 0, when: false}", "AS401", "0"),
        ("{Linear: , when: $(1 > 2)}", "AS203", "Linear"),
        ("{Linear: $(widht + 1), when: false}", "AS211", "widht"),
        ("{ReLU: , skip: ad, when: false}", "AS101", "ad"),
        ("{layers: {b: {ReLU: , repeat: 0}, c: ReLU}, when: false}", "AS230", "0"),
        ("{Linear: , repeat: 2, per_repeat: {out_features: [1, 2, 3]}, when: false}", "AS230", "[1, 2, 3]"),
        ("{block: x, when: false}", "AS208", "x"),
    ],
)
def test_what_is_not_there_is_checked_as_far_as_no_value_is_needed(entry: str, code: str, marked: str) -> None:
    spec = f"""
input: [8]
vars: {{width: 8}}
blocks: {{block: {{params: {{n: int}}, layers: [{{Linear: $n}}]}}}}
layers: {{r: ReLU, a: {entry}}}
"""
    assert faults(spec) == [(code, marked)]


@pytest.mark.parametrize(
    "entry",
    [
        "{Linear: $(12 // k), when: $(k > 0)}",
        "{block: $k, when: $(k > 0)}",
        "{Linear: $input.shape, when: $(k > 0)}",
        "{layers: {s$(stage): {ReLU: , repeat: $depths}, b: {Tanh: , from: s1}}, when: $(k > 0)}",
        "{Linear: , repeat: 2, per_repeat: {out_features: [0, 8]}, when: $(index > 0)}",
        "{use: r, when: false}",
    ],
)
def test_what_hangs_on_values_is_not_asked_of_what_is_not_there(entry: str) -> None:
    spec = f"""
input: [8]
vars: {{k: 0, depths: [1, 1]}}
blocks: {{block: {{params: {{n: int}}, layers: [{{Linear: {{out_features: $n}}}}]}}}}
layers: {{r: ReLU, a: {entry}}}
"""
    assert faults(spec) == []


def test_a_faulty_condition_in_a_list_is_the_only_fault_though_it_decides_the_numbers() -> None:
    spec = """
input: [8]
vars: {norm: false}
layers:
- {BatchNorm1d: , when: $nrm}
- {Linear: 4}
- {Linear: 3}
- {Linear: {in_features: 3, out_features: 2}, from: "1"}
"""
    assert faults(spec) == [("AS211", "nrm")]
    assert faults(spec.replace("$nrm", "$norm")) == []


def test_a_layer_that_one_class_never_has_is_none_in_the_exported_file() -> None:
    """Where `when` is false for all instances of a class, and true for those of another one."""
    spec = """
input: [4]
blocks:
  Step:
    params: {size: int, half: false}
    layers:
      fc: {Linear: $size}
      drop: {Dropout: 0.5, when: $half}
      add: {add: [drop, input], when: $half}
layers: {a: {Step: {size: 3}}, b: {Step: {size: 3, half: true}}, c: {Step: {size: 5}}}
"""
    module = build(spec)
    as_exported(load(spec), module, samples(load(spec)))


def test_two_layers_that_are_never_there_together() -> None:
    spec = """
input: [4]
blocks:
  Step:
    params: {left: false}
    layers:
      a: {Linear: 4, when: $left}
      b: {Linear: 4, when: $(not left)}
layers: {one: {Step: {left: true}}, two: Step}
"""
    module = build(spec)
    as_exported(load(spec), module, samples(load(spec)))


def test_what_an_absent_entry_of_an_unknown_kind_stands_for_is_not_known() -> None:
    layers = "{a: {addx: [y, y], when: false}, b: {Conv1d: {out_channels: 2, kernel_size: 3}}}"
    assert faults(f"inputs: {{x: [4, 7, 9], y: [4, 4]}}\nlayers: {layers}\n") == [("AS201", "addx")]
