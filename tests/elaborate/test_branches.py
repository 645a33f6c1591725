"""`branches` and `merge`: the same input into each of several entries."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from tests.judge import Hand, agree, build, faults, load

IMAGE = "input: [3, 8, 8]\n"
ROW = "input: [4]\n"


def conv(i: int, o: int, **more: int) -> nn.Conv2d:
    return nn.Conv2d(i, o, 1, **more)


TWO = "{a: {Conv2d: {out_channels: 3, kernel_size: 1}}, b: {Conv2d: {out_channels: 3, kernel_size: 1}}}"
MERGED = {
    "concat": lambda a, b: torch.cat([a, b], 1),
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "mean": lambda a, b: (a + b) / 2,
    "{concat: {dim: 2}}": lambda a, b: torch.cat([a, b], 2),
}


@pytest.mark.parametrize("merge", MERGED)
def test_a_mapping_is_a_module_dict(merge: str) -> None:
    hand = Hand(
        lambda m, x: MERGED[merge](m.mixed["a"](x), m.mixed["b"](x)),
        mixed=nn.ModuleDict({"a": conv(3, 3), "b": conv(3, 3)}),
    )
    module = agree(IMAGE + f"layers: {{mixed: {{branches: {TWO}, merge: {merge}}}}}\n", hand)
    assert type(module.mixed) is nn.ModuleDict


def test_a_list_is_a_module_list_whose_places_functions_keep() -> None:
    spec = (
        IMAGE
        + "layers: {mixed: {branches: [{relu: {}}, {Conv2d: {out_channels: 5, kernel_size: 1}}], merge: concat}}\n"
    )
    hand = Hand(
        lambda m, x: torch.cat([torch.relu(x), m.mixed[1](x)], 1),
        mixed=nn.ModuleList([nn.Identity(), conv(3, 5)]),
    )
    assert type(agree(spec, hand).mixed) is nn.ModuleList


def test_branches_are_sequences_repeats_and_blocks() -> None:
    spec = (
        IMAGE
        + """
blocks: {step: {params: {c: int}, layers: {conv: {Conv2d: {out_channels: $c, kernel_size: 1}}, act: Tanh}}}
layers:
  mixed:
    branches:
      pair: [{Conv2d: {out_channels: 2, kernel_size: 1}}, Tanh]
      many: {step: 3, repeat: 3}
      one: {step: 4, skip: concat}
    merge: concat
  head: {Conv2d: {out_channels: 1, kernel_size: 1}}
"""
    )

    class Step(nn.Module):
        def __init__(self, i: int, o: int) -> None:
            super().__init__()
            self.conv, self.act = conv(i, o), nn.Tanh()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.conv(x))

    def forward(m, x):
        many = x
        for step in m.mixed["many"]:
            many = step(many)
        one = torch.cat([x, m.mixed["one"](x)], 1)
        return m.head(torch.cat([m.mixed["pair"](x), many, one], 1))

    mixed = nn.ModuleDict(
        {
            "pair": nn.Sequential(conv(3, 2), nn.Tanh()),
            "many": nn.ModuleList([Step(3, 3) for _ in range(3)]),
            "one": Step(3, 4),
        }
    )
    agree(spec, Hand(forward, mixed=mixed, head=conv(12, 1)))


def test_branches_repeat_with_their_merge() -> None:
    spec = ROW + "layers: {a: {branches: {x: {Linear: 4}, y: [{Linear: 4}, Tanh]}, merge: add, repeat: 3, skip: add}}\n"

    def element() -> nn.ModuleDict:
        return nn.ModuleDict({"x": nn.Linear(4, 4), "y": nn.Sequential(nn.Linear(4, 4), nn.Tanh())})

    def forward(m, x):
        for item in m.a:
            x = x + (item["x"](x) + item["y"](x))
        return x

    module = agree(spec, Hand(forward, a=nn.ModuleList(element() for _ in range(3))))
    assert "for layer in self.a:" in _source(module)


def _source(module: nn.Module) -> str:
    import inspect

    return inspect.getsource(type(module).forward)


def test_branches_inside_branches_and_inside_a_block() -> None:
    spec = (
        ROW
        + """
blocks:
  two:
    layers:
      both: {branches: {l: {branches: [{Linear: 3}, {Linear: 3}], merge: mul}, r: Tanh}, merge: concat}
layers: {a: {two: {}, repeat: 2}}
"""
    )

    class Two(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            pair = nn.ModuleList([nn.Linear(size, 3), nn.Linear(size, 3)])
            self.both = nn.ModuleDict({"l": pair, "r": nn.Tanh()})

        def forward(self, x):
            left = self.both["l"][0](x) * self.both["l"][1](x)
            return torch.cat([left, self.both["r"](x)], 1)

    def forward(m, x):
        for item in m.a:
            x = item(x)
        return x

    agree(spec, Hand(forward, a=nn.ModuleList([Two(4), Two(7)])))


def test_without_a_merge_each_branch_is_an_output() -> None:
    spec = (
        ROW
        + """
layers:
  fork: {branches: {mean: {Linear: 2}, logvar: {Linear: 2}}, merge: none}
  both: {concat: [fork.logvar, fork.mean]}
outputs: [both, fork, fork.logvar]
"""
    )

    def forward(m, x):
        mean, logvar = m.fork["mean"](x), m.fork["logvar"](x)
        return torch.cat([logvar, mean], 1), mean, logvar

    agree(spec, Hand(forward, fork=nn.ModuleDict({"mean": nn.Linear(4, 2), "logvar": nn.Linear(4, 2)})))


def test_a_branch_can_be_reached_from_outside_and_see_what_is_around() -> None:
    spec = (
        ROW
        + """
layers:
  first: {Linear: 4}
  fork: {branches: {a: {Linear: 4}, b: {add: [first, previous]}}, merge: add}
  last: {add: [fork.a, fork, input]}
"""
    )

    def forward(m, x):
        first = m.first(x)
        a = m.fork["a"](first)
        return a + (a + (first + first)) + x

    agree(spec, Hand(forward, first=nn.Linear(4, 4), fork=nn.ModuleDict({"a": nn.Linear(4, 4)})))


def test_a_branch_whose_when_is_false_is_not_merged() -> None:
    spec = ROW + "vars: {on: false}\nlayers: {f: {branches: {a: {Linear: 4}, b: {Linear: 4, when: $on}}, merge: add}}\n"
    agree(spec, Hand(lambda m, x: m.f["a"](x), f=nn.ModuleDict({"a": nn.Linear(4, 4)})))
    two = nn.ModuleDict({"a": nn.Linear(4, 4), "b": nn.Linear(4, 4)})
    agree(spec, Hand(lambda m, x: m.f["a"](x) + m.f["b"](x), f=two), on=True)
    none = spec.replace("a: {Linear: 4}", "a: {Linear: 4, when: $on}")
    assert build(none)(torch.ones(2, 4)).equal(torch.ones(2, 4))


def test_align_beside_branches_or_inside_merge() -> None:
    for spec in ("merge: concat, align: crop", "merge: {concat: {align: crop}}"):
        body = IMAGE + f"layers: {{m: {{branches: {{a: {{MaxPool2d: 2}}, b: Identity}}, {spec}}}}}\n"
        assert load(body).shapes["m-merge"][2:] == (4, 4)


def test_two_inputs_reach_every_branch_that_takes_two() -> None:
    branches = "{branches: {a: {Bilinear: 3}, b: CosineSimilarity}, merge: none, from: [x, y]}"
    spec = f"inputs: {{x: [4], y: [4]}}\nlayers: {{f: {branches}}}\noutputs: [f.a, f.b]\n"
    hand = Hand(
        lambda m, x, y: (m.f["a"](x, y), m.f["b"](x, y)),
        f=nn.ModuleDict({"a": nn.Bilinear(4, 4, 3), "b": nn.CosineSimilarity()}),
    )
    agree(spec, hand)


def test_branches_pickle_export_and_compile_whole() -> None:
    spec = IMAGE + f"layers: {{mixed: {{branches: {TWO}, merge: concat, repeat: 2}}, act: ReLU}}\n"
    module = build(spec)
    x = torch.randn(2, 3, 8, 8)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    assert torch.equal(compiled(x), module(x))
    assert torch.equal(torch.export.export(module, (x,)).module()(x), module(x))


def test_the_table_opens_branches() -> None:
    table = archspec.load(
        "archspec: 1\n" + IMAGE + f"layers: {{mixed: {{branches: {TWO}, merge: concat}}}}\n"
    ).summary()
    assert "mixed        ModuleDict" in table
    assert "  a          Conv2d" in table


@pytest.mark.parametrize(
    ("entry", "code", "at"),
    [
        ("{branches: {a: ReLU, b: ReLU}}", "AS103", "a"),
        ("{branches: {a: ReLU, b: ReLU}, merge: concatt}", "AS101", "concatt"),
        ("{branches: {a: ReLU, b: ReLU}, merge: [concat]}", "AS101", "[concat]"),
        ("{branches: {a: ReLU, b: ReLU}, merge: {concat: {dmi: 1}}}", "AS202", "dmi"),
        ("{branches: {a: ReLU, b: ReLU}, merge: {concat: 1}}", "AS204", "1"),
        ("{branches: {a: ReLU, b: ReLU}, merge: {none: {dim: 1}}}", "AS204", "{dim: 1}"),
        ("{branches: {a: ReLU, b: ReLU}, merge: none, align: pad}", "AS105", "align"),
        ("{branches: {a: ReLU, b: ReLU}, merge: {add: {align: pad}}, align: pad}", "AS105", "align"),
        ("{branches: {a: {Linear: 3}, b: {Linear: 4}}, merge: add}", "AS304", "add"),
        ("{branches: {a: Relu, b: ReLU}, merge: add}", "AS201", "Relu"),
        ("{branchs: {a: ReLU, b: ReLU}, merge: add}", "AS201", "branchs"),
        ("{branches: {}, merge: add}", "AS103", "{}"),
        ("{branches: ReLU, merge: add}", "AS101", "ReLU"),
        ("{branches: {a: ReLU, $(1)b: ReLU}, merge: add}", "AS106", "$(1)b"),
        ("{branches: {a: ReLU, b: {add: [a, a]}}, merge: add}", "AS205", "a"),
        ("{ReLU: {}, merge: add}", "AS105", "merge"),
        ("{branches: {a: ReLU, b: ReLU}, merge: add, first: {p: 1}, repeat: 2}", "AS202", "p"),
    ],
)
def test_faults_of_branches(entry: str, code: str, at: str) -> None:
    assert faults(ROW + f"layers: {{a: {entry}}}\n") == [(code, at)]
