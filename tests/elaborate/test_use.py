"""`use`: a module called again, its weights shared."""

from __future__ import annotations

import inspect

import pytest
import torch
import yaml
from torch import nn

import archspec
from tests.judge import Hand, agree, build, faults, load

ROW = "input: [4]\n"
PAIR = "inputs: {a: [1, 8, 8], b: [1, 8, 8]}\n"


def test_a_layer_is_called_twice() -> None:
    spec = ROW + "layers: {fc: {Linear: 4}, act: Tanh, again: {use: fc}}\n"
    agree(spec, Hand(lambda m, x: m.fc(m.act(m.fc(x))), fc=nn.Linear(4, 4), act=nn.Tanh()))
    assert load(spec).num_params == 20
    assert load(spec).macs == 32


TOWER = """
layers:
  tower:
    from: a
    layers:
      conv: {Conv2d: {out_channels: 2, kernel_size: 3}}
      act: ReLU
      flatten: Flatten
      fc: {Linear: 5}
  other: {use: tower, from: b}
  distance: {PairwiseDistance: {}, from: [tower, other]}
"""


def tower() -> nn.Sequential:
    made = nn.Sequential()
    for name, layer in (
        ("conv", nn.Conv2d(1, 2, 3)),
        ("act", nn.ReLU()),
        ("flatten", nn.Flatten()),
        ("fc", nn.Linear(72, 5)),
    ):
        made.add_module(name, layer)
    return made


def test_a_siamese_network() -> None:
    hand = Hand(lambda m, a, b: m.distance(m.tower(a), m.tower(b)), tower=tower(), distance=nn.PairwiseDistance())
    agree(PAIR + TOWER, hand)


def test_a_block_with_an_inner_value_taken_from_the_first_call() -> None:
    spec = (
        PAIR
        + TOWER.replace("from: [tower, other]", "from: [tower, other]}\n  sum: {add: [tower.act, tower.act]")
        + "outputs: [distance, sum]\n"
    )

    def forward(m, a, b):
        act = m.tower[1](m.tower[0](a))
        return m.distance(m.tower[3](m.tower[2](act)), m.tower(b)), act + act

    agree(spec, Hand(forward, tower=tower(), distance=nn.PairwiseDistance()))


def test_a_module_inside_a_sequence_and_an_element_of_a_repeat() -> None:
    spec = (
        ROW
        + """
layers:
  body: {layers: {one: {Linear: 4}, two: Tanh}}
  many: {Linear: 4, repeat: 2}
  named: {Linear: 4, repeat: 2, names: n$(index)}
  fork: {branches: {l: {Linear: 4}, r: Tanh}, merge: add}
  again: {use: body.one}
  and: {use: many.1}
  named-again: {use: named.n1}
  fork-again: {use: fork.l}
"""
    )

    def forward(m, x):
        x = m.body(x)
        for layer in m.many:
            x = layer(x)
        for layer in m.named.values():
            x = layer(x)
        x = m.fork["l"](x) + m.fork["r"](x)
        return m.fork["l"](m.named["n1"](m.many[1](m.body[0](x))))

    body = nn.Sequential()
    body.add_module("one", nn.Linear(4, 4))
    body.add_module("two", nn.Tanh())
    hand = Hand(
        forward,
        body=body,
        many=nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)]),
        named=nn.ModuleDict({"n0": nn.Linear(4, 4), "n1": nn.Linear(4, 4)}),
        fork=nn.ModuleDict({"l": nn.Linear(4, 4), "r": nn.Tanh()}),
    )
    agree(spec, hand)


def test_a_whole_repeat_and_all_branches_again() -> None:
    spec = (
        ROW
        + """
layers:
  many: {Linear: 4, repeat: 3, skip: add}
  fork: {branches: {l: {Linear: 4}, r: Tanh}, merge: add}
  many2: {use: many}
  fork2: {use: fork}
"""
    )

    def forward(m, x):
        for _ in range(2):
            for layer in m.many:
                x = x + layer(x)
            x = m.fork["l"](x) + m.fork["r"](x)
        return x

    many = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    module = agree(spec, Hand(forward, many=many, fork=nn.ModuleDict({"l": nn.Linear(4, 4), "r": nn.Tanh()})))
    assert inspect.getsource(type(module).forward).count("for layer in self.many:") == 2


def test_repeated_use_is_recurrence() -> None:
    spec = ROW + "layers: {fc: {Linear: 4}, steps: {use: fc, repeat: 3, skip: add}}\n"

    def forward(m, x):
        x = m.fc(x)
        for _ in range(3):
            x = x + m.fc(x)
        return x

    assert not hasattr(agree(spec, Hand(forward, fc=nn.Linear(4, 4))), "steps")


def test_in_a_block_whose_module_is_captured() -> None:
    spec = (
        ROW
        + """
blocks:
  twice:
    layers:
      fc: {Linear: 4}
      inner: {layers: {act: Tanh, sum: {add: [act, fc]}}}
      again: {use: inner}
      more: {use: fc}
layers: {a: {twice: {}, repeat: 2}, b: {use: a.0}}
"""
    )

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.Tanh()

        def forward(self, x, fc):
            return self.act(x) + fc

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.inner = nn.Linear(4, 4), Inner()

        def forward(self, x):
            fc = self.fc(x)
            return self.fc(self.inner(self.inner(fc, fc), fc))

    agree(spec, Hand(lambda m, x: m.a[0](m.a[1](m.a[0](x))), a=nn.ModuleList([Twice(), Twice()])))


def test_another_spatial_size_is_no_other_module() -> None:
    layers = "{c: {Conv2d: {out_channels: 2, kernel_size: 3}, from: a}, d: {use: c, from: b}}"
    spec = f"inputs: {{a: [3, 8, 8], b: [3, 16, 16]}}\nlayers: {layers}\noutputs: [c, d]\n"
    agree(spec, Hand(lambda m, a, b: (m.c(a), m.c(b)), c=nn.Conv2d(3, 2, 3)))


def test_use_of_what_is_not_there_is_its_input() -> None:
    spec = ROW + "vars: {on: false}\nlayers: {a: {Linear: 4, when: $on}, b: Tanh, c: {use: a}}\n"
    agree(spec, Hand(lambda m, x: m.b(x), b=nn.Tanh()))
    agree(spec, Hand(lambda m, x: m.a(m.b(m.a(x))), a=nn.Linear(4, 4), b=nn.Tanh()), on=True)


def test_the_layer_beside_a_projection_is_called_and_tied_by_its_name() -> None:
    spec = (
        ROW
        + """
layers:
  out: {Linear: 4, skip: {project: auto}}
  tied: {Linear: 4, tie: {weight: out.layer.weight}}
  again: {use: out.layer}
"""
    )
    out = Hand(lambda m, x: x + m.layer(x), layer=nn.Linear(4, 4))
    hand = Hand(lambda m, x: m.out.layer(m.tied(m.out(x))), out=out, tied=nn.Linear(4, 4))
    hand.tied.weight = out.layer.weight
    agree(spec, hand)
    assert faults(spec.replace("out.layer.weight", "out.weight")) == [("AS205", "out.weight")]


def test_pickle_copy_export_and_table() -> None:
    module = build(PAIR + TOWER)
    inputs = (torch.randn(2, 1, 8, 8), torch.randn(2, 1, 8, 8))
    assert torch.equal(torch.export.export(module, inputs).module()(*inputs), module(*inputs))
    assert torch.compile(module, backend="eager", fullgraph=True)(*inputs).equal(module(*inputs))
    assert archspec.load("archspec: 1\n" + PAIR + TOWER).summary().count("385") == 2  # the tower, and the total


@pytest.mark.filterwarnings("ignore:input's size at dim=1")
@pytest.mark.parametrize("kind", ["InstanceNorm2d: {}", "BatchNorm2d: {affine: false, track_running_stats: false}"])
def test_a_norm_without_parameters_takes_any_channels(kind: str) -> None:
    spec = "inputs: {a: [2, 5, 5], b: [3, 4, 4]}\nlayers: {n: {KIND, from: a}, m: {use: n, from: b}}\noutputs: [n, m]\n"
    name, _, arguments = kind.partition(": ")
    norm = getattr(nn, name)(2, **yaml.safe_load(arguments))
    agree(spec.replace("KIND", kind), Hand(lambda m, a, b: (m.n(a), m.n(b)), n=norm))


def test_a_norm_of_groups_without_parameters_still_divides_its_channels() -> None:
    layers = "{n: {GroupNorm: {num_groups: 2, affine: false}, from: a}, m: {use: n, from: b}}"
    spec = f"inputs: {{a: [4, 5], b: [COUNT, 5]}}\nlayers: {layers}\n"
    hand = Hand(lambda m, a, b: m.n(b), n=nn.GroupNorm(2, 4, affine=False))
    agree(spec.replace("COUNT", "6"), hand)
    assert faults(spec.replace("COUNT", "5")) == [("AS402", "2")]


SHUFFLED = """
inputs: {a: [4, 3, 3], b: [4, 3, 3, 2]}
layers:
  m: {layers: {f: {pixel_shuffle: 2}, act: Tanh, g: {PixelUnshuffle: 2}, h: [PixelShuffle: 2, Tanh]}, from: a}
  turned: {permute: [0, 4, 1, 2, 3], from: b}
  again: {use: m, from: turned}
outputs: [m, again]
"""


def test_a_module_called_again_with_more_dimensions_still_finds_them_in_order() -> None:
    shuffle, unshuffle = nn.PixelShuffle(2), nn.PixelUnshuffle(2)

    def run(x: torch.Tensor) -> torch.Tensor:
        return shuffle(unshuffle(shuffle(x.contiguous()).tanh())).tanh()

    agree(SHUFFLED, Hand(lambda m, a, b: (run(a), run(b.permute(0, 4, 1, 2, 3))), act=nn.Tanh()))


def test_what_a_reshape_leaves_open_is_another_size_in_a_further_call() -> None:
    layers = "{f: {reshape: [N, -1]}, g: {unsqueeze: 1}, h: {reshape: [N, 1, 1, -1]}, i: {reshape: [2*N, -1]}}"
    spec = f"inputs: {{a: [4, 3], b: [5, 4]}}\nlayers: {{m: {{layers: {layers}, from: a}}, n: {{use: m, from: b}}}}\n"
    agree(spec + "outputs: [m, n]\n", Hand(lambda m, a, b: (a.reshape(6, -1), b.reshape(6, -1))))


def test_a_slice_of_the_last_dimension_is_of_the_last_in_a_further_call() -> None:
    layers = "{f: {slice: {dim: -1, end: 2}}, g: {slice: {dim: -2, start: 1}}, h: Tanh}"
    spec = (
        f"inputs: {{a: [4, 3], b: [5, 4, 6]}}\nlayers: {{m: {{layers: {layers}, from: a}}, n: {{use: m, from: b}}}}\n"
    )
    run = lambda m, x: m.h(x[..., 1:, :2])  # noqa: E731
    agree(spec + "outputs: [m, n]\n", Hand(lambda m, a, b: (run(m, a), run(m, b)), h=nn.Tanh()))


@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm"])
def test_a_norm_of_the_last_dimension_takes_no_other_size(kind: str) -> None:
    layers = f"{{n: {{{kind}: {{elementwise_affine: false}}, from: a}}, m: {{use: n, from: b}}}}"
    assert faults(f"inputs: {{a: [4], b: [5]}}\nlayers: {layers}\n") == [("AS233", "n")]


def test_a_written_size_holds_in_every_call() -> None:
    layers = "{n: {Linear: {in_features: 4, out_features: 2}, from: a}, m: {use: n, from: b}}"
    (fault,) = archspec.check(f"archspec: 1\ninputs: {{a: [4], b: [5]}}\nlayers: {layers}\n")
    assert (fault.code, fault.edit) == ("AS301", None)  # no other number is right for both
    assert fault.help is not None
    assert "a layer of its own" in fault.help


@pytest.mark.parametrize(
    ("layers", "code", "at"),
    [
        ("{a: {Linear: 3}, b: {use: a}}", "AS233", "a"),
        ("{a: {Linear: 3}, b: {use: c}}", "AS205", "c"),
        ("{a: {relu: {}}, b: {use: a}}", "AS233", "a"),
        ("{a: Tanh, b: {use: input}}", "AS233", "input"),
        ("{a: {Linear: 4}, s: {layers: {b: {use: a}}}}", "AS233", "a"),
        ("{a: {Linear: 4}, b: {use: b}}", "AS205", "b"),
        ("{a: {Linear: 4}, b: {use: [a]}}", "AS205", "[a]"),
        ("{a: {layers: {f: {Linear: 5}, g: {Linear: {in_features: 5, out_features: 3}}}}, b: {use: a}}", "AS233", "a"),
        ("{a: {Linear: {in_features: 4, out_features: 3}}, b: {use: a}}", "AS301", "4"),
        ("{a: {Linear: 4}, b: {use: a, from: zz}}", "AS205", "zz"),
        ("{a: {layers: {c: {Linear: 4}, d: {add: [c, input]}}, from: zz}, b: {use: a, from: input}}", "AS205", "zz"),
        ("{a: {layers: [{layers: [Tanh], from: zz}, {add: [input, input]}]}, b: {use: a}}", "AS205", "zz"),
        (
            "{x: {Tanh: , from: zz}, a: {layers: [{Linear: 4, from: x}, {Tanh: , from: input}]}, b: {use: a}}",
            "AS205",
            "zz",
        ),
        ("{a: {layers: [{Tanh: , when: $(input.chanels > 1)}, ReLU]}, b: {use: a}}", "AS212", ".chanels"),
    ],
)
def test_faults_of_use(layers: str, code: str, at: str) -> None:
    assert faults(ROW + f"layers: {layers}\n") == [(code, at)]


def test_an_unknown_name_in_a_further_call_is_told_once_whatever_came_between() -> None:
    buffer = "{Buffer: {layers: {ones: {new_full: {size: [$nope, 6], fill_value: 2}}}}}"
    block = f"{{layers: {{b: {buffer}, m: {{add: [input, b]}}}}}}"
    layers = f"{{y: Tanh, up: {block}, act: Tanh, again: {{use: up, from: y}}}}"
    assert faults(f"input: [1, 6]\nlayers: {layers}\n") == [("AS211", "nope")]


def test_the_batch_size_is_found_in_the_same_dimension_of_whatever_rank() -> None:
    layers = "{a: {layers: [new_ones: {size: [N]}]}, b: {use: a}, c: {layers: [reshape: [-1]]}, d: {use: c, from: e}}"
    layers = layers.replace("c: {", "e: {reshape: ['2*N', 2], from: input}, c: {")
    build(f"input: [4]\nlayers: {layers}\n")
