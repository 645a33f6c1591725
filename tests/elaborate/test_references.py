"""References: into sequences and copies, out of them, to ports, and computed ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archspec
from tests.judge import Hand, agree, faults, load

IMAGE = "input: [3, 8, 8]\n"
CONV = "{Conv2d: {out_channels: 3, kernel_size: 1}}"


def conv() -> nn.Conv2d:
    return nn.Conv2d(3, 3, 1)


def test_from_single_list_previous_and_input() -> None:
    def forward(m, x):
        a = m.a(x)
        b = m.b(x)
        c = b * a
        return torch.cat([c, m.d(c), x], 1)

    spec = f"""
layers:
  a: {CONV}
  b: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, from: input}}
  c: {{mul: , from: [previous, a]}}
  d: {CONV}
  out: {{concat: [c, previous, input]}}
"""
    agree(IMAGE + spec, Hand(forward, a=conv(), b=conv(), d=conv()))


def test_input_is_the_input_of_the_enclosing_scope() -> None:
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = conv(), conv()

        def forward(self, x):
            return self.b(self.a(x)) + x

    spec = f"""
layers:
  stem: {CONV}
  body: {{layers: {{a: {CONV}, b: {CONV}, out: {{add: [b, input]}}}}}}
"""
    agree(IMAGE + spec, Hand(lambda m, x: m.body(m.stem(x)), stem=conv(), body=Inner()))


def test_taps_reach_into_sequences_however_deep() -> None:
    def forward(m, x):
        first = m.features.stem[0](x)
        second = m.features.stem[1](first)
        body = m.features.body(second)
        return torch.cat([body, first, second], 1)

    features = Hand(None, stem=nn.Sequential(conv(), nn.ReLU()), body=conv())
    spec = f"""
layers:
  features:
    layers:
      stem: [{CONV}, ReLU]
      body: {CONV}
  out: {{concat: [features, features.stem.0, features.stem]}}
"""
    agree(IMAGE + spec, Hand(forward, features=features))


def test_captures_reach_out_of_sequences_however_deep() -> None:
    def forward(m, x):
        a = m.a(x)
        b = m.outer.b(a)
        c = m.outer.inner.c(b)
        return m.outer.d((c + a) * x)

    outer = Hand(None, b=conv(), inner=Hand(None, c=conv()), d=conv())
    spec = f"""
inputs: {{image: [3, 8, 8]}}
layers:
  a: {CONV}
  outer:
    layers:
      b: {CONV}
      inner: {{layers: {{c: {CONV}, sum: {{add: [c, a]}}, gated: {{mul: [sum, image]}}}}}}
      d: {CONV}
"""
    agree(spec, Hand(forward, a=conv(), outer=outer))


def test_a_value_captured_from_the_sequence_around() -> None:
    def forward(m, x):
        a = m.o.a(x)
        return F.relu(m.o.i.b(a)) + a

    spec = f"""
layers:
  o:
    layers:
      a: {CONV}
      i: {{layers: {{b: {CONV}, act: ReLU, c: {{add: [act, a]}}}}}}
"""
    agree(IMAGE + spec, Hand(forward, o=Hand(None, a=conv(), i=Hand(None, b=conv()))))


def test_a_value_that_goes_from_inside_one_sequence_into_another() -> None:
    def forward(m, x):
        b = m.o.i.b(x)
        return m.o.j.d(F.relu(b)) + b

    spec = f"""
layers:
  o:
    layers:
      i: {{layers: {{b: {CONV}, c: ReLU}}}}
      j: {{layers: {{d: {CONV}, e: {{add: [d, i.b]}}}}}}
"""
    agree(IMAGE + spec, Hand(forward, o=Hand(None, i=Hand(None, b=conv()), j=Hand(None, d=conv()))))


def test_references_to_copies() -> None:
    def forward(m, x):
        values = []
        for layer in m.encoder:
            x = layer(x)
            values.append(x)
        return torch.cat([x, values[0], values[1], values[2]], 1)

    spec = """
layers:
  encoder: {Conv2d: {out_channels: 3, kernel_size: 1}, repeat: 3}
  out: {concat: [encoder, encoder.0, encoder.$(3 - 2), encoder.2]}
"""
    agree(IMAGE + spec, Hand(forward, encoder=nn.ModuleList([conv(), conv(), conv()])))


def test_references_to_copies_of_stages() -> None:
    def forward(m, x):
        first = m.body[0][0](x)
        second = m.body[1][0](first)
        return m.body[1][1](second) + first + second

    spec = """
layers:
  body: {Conv2d: {out_channels: 3, kernel_size: 1}, repeat: [1, 2]}
  out: {add: [body, body.0, body.1.0]}
"""
    body = nn.ModuleList([nn.ModuleList([conv()]), nn.ModuleList([conv(), conv()])])
    agree(IMAGE + spec, Hand(forward, body=body))


def test_a_computed_reference_in_every_copy_is_a_unet() -> None:
    def forward(m, x):
        down = []
        for layer in m.encoder:
            x = layer(x)
            down.append(x)
        for index, layer in enumerate(m.decoder):
            x = layer[0](x) + down[2 - index]
        return x

    spec = f"""
layers:
  encoder: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, repeat: 3}}
  decoder:
    layers:
      - {CONV}
      - {{add: [previous, encoder.$(2 - index)]}}
    repeat: 3
"""
    decoder = nn.ModuleList([nn.Sequential(conv()), nn.Sequential(conv()), nn.Sequential(conv())])
    agree(IMAGE + spec, Hand(forward, encoder=nn.ModuleList([conv(), conv(), conv()]), decoder=decoder))


def test_copies_of_a_multi_input_block_feed_the_chain_and_keep_the_others() -> None:
    class Up(nn.Module):
        def __init__(self):
            super().__init__()
            self.c = nn.Conv2d(6, 3, 1)

        def forward(self, x, skip):
            return self.c(torch.cat([skip, x], 1))

    def forward(m, x):
        stem = m.stem(x)
        for up in m.ups:
            stem = up(stem, x)
        return stem

    spec = f"""
blocks:
  Up: {{inputs: [x, skip], layers: {{join: {{concat: [skip, x]}}, c: {CONV}}}}}
layers:
  stem: {CONV}
  ups: {{Up: , from: [stem, input], repeat: 3}}
"""
    agree(IMAGE + spec, Hand(forward, stem=conv(), ups=nn.ModuleList([Up(), Up(), Up()])))


def test_each_copy_of_a_block_given_its_own_skip() -> None:
    class Up(nn.Module):
        def __init__(self):
            super().__init__()
            self.c = conv()

        def forward(self, x, skip):
            return self.c(x) + skip

    def forward(m, x):
        a = m.encoder[0](x)
        b = m.encoder[1](a)
        return m.decoder[1].up(m.decoder[0].up(b, b), a)

    spec = """
blocks:
  Up:
    inputs: [x, skip]
    layers: {c: {Conv2d: {out_channels: 3, kernel_size: 1}, from: x}, out: {add: [c, skip]}}
layers:
  encoder: {Conv2d: {out_channels: 3, kernel_size: 1}, repeat: 2}
  decoder: {layers: {up: {Up: , from: [input, encoder.$(1 - index)]}}, repeat: 2}
"""
    decoder = nn.ModuleList([Hand(None, up=Up()), Hand(None, up=Up())])
    agree(IMAGE + spec, Hand(forward, encoder=nn.ModuleList([conv(), conv()]), decoder=decoder))


def test_ports_of_a_layer() -> None:
    def forward(m, x):
        pooled, indices = F.max_pool2d(m.conv(x), 2, return_indices=True)
        return pooled, indices, m.after(pooled)

    spec = f"""
layers:
  conv: {CONV}
  pool: {{MaxPool2d: {{kernel_size: 2, return_indices: true}}}}
  after: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, from: pool}}
outputs: [pool.output, pool.indices, after]
"""
    agree(IMAGE + spec, Hand(forward, conv=conv(), after=conv()))


@pytest.mark.parametrize(("outputs", "first", "second"), [("{wide: a, deep: b}", "wide", "deep"), ("[a, b]", "0", "1")])
def test_ports_of_a_block(outputs: str, first: str, second: str) -> None:
    def forward(m, x):
        a = m.two.a(x)
        b = m.two.b(a)
        return m.plain(a) + b * a

    spec = f"""
blocks:
  two: {{layers: {{a: {CONV}, b: {CONV}}}, outputs: {outputs}}}
layers:
  two: two
  plain: {CONV}
  product: {{mul: [two.{second}, two.{first}]}}
  out: {{add: [plain, product]}}
"""
    agree(IMAGE + spec, Hand(forward, two=Hand(None, a=conv(), b=conv()), plain=conv()))


def test_the_model_may_return_what_is_inside() -> None:
    def forward(m, x):
        first = m.body[0](x)
        return {"first": first, "last": m.body[1](first)}

    agree(
        IMAGE + f"layers: {{body: [{CONV}, {CONV}]}}\noutputs: {{first: body.0, last: body}}\n",
        Hand(forward, body=nn.Sequential(conv(), conv())),
    )


@pytest.mark.parametrize(
    ("reference", "marked"),
    [
        ("nowhere", "nowhere"),
        ("b", "b"),
        ("block.conv", "block.conv"),
        ("list.7", "list.7"),
        ("a.inside", "a.inside"),
        ("-1", "-1"),
        ("true", "true"),
        ("[[a]]", "[a]"),
        ("copies.3", "copies.3"),
    ],
)
def test_references_to_nothing(reference: str, marked: str) -> None:
    spec = f"""
blocks:
  one: {{layers: {{conv: {CONV}}}}}
layers:
  a: {CONV}
  block: one
  list: [ReLU]
  copies: {{ReLU: , repeat: 3}}
  b: {{ReLU: , from: {reference}}}
  c: {CONV}
"""
    assert faults(IMAGE + spec) == [("AS205", marked)]


@pytest.mark.parametrize(
    ("layers", "path"),
    [
        ("{a: {add: [input, c]}, b: {ReLU: , from: a}, c: {ReLU: , from: b}}", "acba"),
        ("{a: {add: [input, b]}, b: ReLU}", "aba"),  # an entry without `from` takes the one before
        ("{a: {layers: [{add: [input, c]}]}, b: {ReLU: , from: input}, c: {add: [b, a]}}", "aca"),
        ("{a: {add: [input, e]}, b: ReLU, c: ReLU, d: ReLU, e: {add: [d, b]}}", "aeba"),  # the shortest
    ],
)
def test_a_cycle_is_told_as_a_path(layers: str, path: str) -> None:
    (fault,) = archspec.check(f"archspec: 1\n{IMAGE}\nlayers: {layers}\n")
    assert fault.code == "AS225"
    assert fault.message.endswith(" → ".join(f"`{name}`" for name in path))


def test_what_comes_later_without_a_cycle_is_no_cycle() -> None:
    assert faults(IMAGE + "layers: {a: {ReLU: , from: c}, b: {ReLU: , from: input}, c: ReLU}\n") == [("AS205", "c")]


def test_a_block_does_not_see_what_is_around_it() -> None:
    spec = "blocks: {B: {layers: {out: {add: [input, a]}}}}\nlayers: {a: ReLU, b: B}\n"
    assert faults(IMAGE + spec) == [("AS205", "a")]


def test_a_computed_reference_that_is_wrong_in_one_copy_only() -> None:
    spec = """
layers:
  encoder: {ReLU: , repeat: 2}
  decoder: {layers: [{add: [input, encoder.$(2 - index)]}], repeat: 3}
"""
    found = faults(IMAGE + spec)
    assert [code for code, _ in found] == ["AS205"]


def test_one_unknown_name_used_often_is_one_fault() -> None:
    uses = "".join(f"  l{index}: {{ReLU: , from: missing}}\n" for index in range(40))
    assert faults(IMAGE + f"layers:\n{uses}") == [("AS205", "missing")]


def test_unused_layers_and_inputs_are_warned_of() -> None:
    architecture = load("inputs: {a: [3, 8, 8], b: [1]}\nlayers: {x: {ReLU: , from: a}, y: {Tanh: , from: a}}\n")
    assert [(warning.code, warning.severity) for warning in architecture.warnings] == [("AS231", "warning")] * 2


LAYER = """
blocks:
  Layer:
    layers:
      more: {Conv2d: {out_channels: 3, kernel_size: 1}}
      skip: {Conv2d: {out_channels: 2, kernel_size: 1}}
      sum: {add: [input, more]}
    outputs: {x: sum, skip: skip}
"""


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.more, self.skip = conv(), nn.Conv2d(3, 2, 1)

    def forward(self, x):
        more = self.more(x)
        return x + more, self.skip(more)


def test_a_star_is_a_port_of_every_copy() -> None:
    def forward(m, x):
        total = 0
        for layer in m.layers:
            x, skip = layer(x)
            total = total + skip
        return total

    spec = "layers: {layers: {Layer: {}, repeat: 3}, sum: {add: [layers.*.skip]}}\n"
    agree(IMAGE + LAYER + spec, Hand(forward, layers=nn.ModuleList([Layer(), Layer(), Layer()])))


@pytest.mark.parametrize("inputs", ["{concat: [a.*, b.*]}", "{concat: {dim: 1}, from: [a.*, b.*]}"])
def test_stars_beside_each_other(inputs: str) -> None:
    def forward(m, x):
        first = m.a[0](x)
        second = m.a[1](first)
        return torch.cat([first, second, m.b["left"](second), m.b["right"](second)], 1)

    spec = f"""
layers:
  a: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, repeat: 2}}
  b: {{branches: {{left: {CONV}, gone: {{ReLU: , when: false}}, right: {CONV}}}, merge: none}}
  out: {inputs}
"""
    b = nn.ModuleDict({"left": conv(), "right": conv()})
    agree(IMAGE + spec, Hand(forward, a=nn.ModuleList([conv(), conv()]), b=b))


def test_a_star_by_itself_among_stages_and_inside_a_sequence() -> None:
    def forward(m, x):
        made = []
        for stage in m.body.a:
            for layer in stage:
                x = layer(x)
                made.append(x)
        return torch.cat(made, 1)

    body = nn.Module()
    body.a = nn.ModuleList([nn.ModuleList([conv()]), nn.ModuleList([conv(), conv()])])
    spec = """
layers:
  body: {layers: {a: {Conv2d: {out_channels: 3, kernel_size: 1}, repeat: [1, 2]}}}
  out: {concat: body.a.*.*}
"""
    agree(IMAGE + spec, Hand(forward, body=body))


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("a.*", "`a.*` is all that `a` has inside, where one value is asked for"),
        ("input.*", "`input` has nothing inside that `*` could stand for"),
        ("a.*.output.x", "`a.0.output` has no `x` inside"),
        ("b.*", "`b` is a `Layer`: a reference cannot go into a block"),
    ],
)
def test_a_star_that_stands_for_nothing(reference: str, words: str) -> None:
    where = f"outputs: [{reference}]" if reference == "a.*" else f"  c: {{concat: [input, {reference}]}}"
    spec = f"layers:\n  a: {{Conv2d: {{out_channels: 3, kernel_size: 1}}, repeat: 2}}\n  b: Layer\n{where}\n"
    found = [fault for fault in archspec.check(f"archspec: 1\n{IMAGE}{LAYER}{spec}") if fault.severity == "error"]
    assert [(fault.code, fault.message) for fault in found] == [("AS205", words)]
    assert found[0].span is not None
    assert found[0].span.text == reference


def test_a_misspelt_function_of_a_named_input_is_taken_for_no_layer() -> None:
    assert faults("inputs: {x: [4], y: [4]}\nlayers: [{rrelu: x}, {add: [x, y]}]\n") == [("AS201", "rrelu")]
