"""`skip`: add, concat, mul; bare, with a fitting projection, and with one of one's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.judge import Hand, agree, faults, load

IMAGE = "input: [3, 9, 8]\n"


def written(channels: int = 3, rest: str = "") -> str:
    return f"Conv2d: {{out_channels: {channels}, kernel_size: 3, padding: 1{rest}}}"


def conv(inputs: int = 3, outputs: int = 3, **rest) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, **rest)


MERGES = {"add": torch.add, "mul": torch.mul, "concat": lambda a, b: torch.cat([a, b], 1)}


@pytest.mark.parametrize("merge", MERGES)
def test_around_a_bare_layer(merge: str) -> None:
    spec = f"layers:\n  a: {{{written()}, skip: {merge}}}\n  b: {{{written(2)}}}\n"
    hand = Hand(lambda m, x: m.b(MERGES[merge](x, m.a(x))), a=conv(), b=conv(6 if merge == "concat" else 3, 2))
    agree(IMAGE + spec, hand)


@pytest.mark.parametrize("merge", MERGES)
def test_around_a_sequence(merge: str) -> None:
    spec = f"layers:\n  a: {{layers: [{{{written(5)}}}, ReLU, {{{written()}}}], skip: {merge}}}\n"
    agree(IMAGE + spec, Hand(lambda m, x: MERGES[merge](x, m.a(x)), a=nn.Sequential(conv(3, 5), nn.ReLU(), conv(5, 3))))


@pytest.mark.parametrize("merge", MERGES)
def test_around_a_block(merge: str) -> None:
    spec = f"""
blocks: {{B: {{layers: {{c: {{{written()}}}, act: ReLU}}}}}}
layers: {{a: {{B: , skip: {{merge: {merge}}}}}}}
"""
    block = Hand(lambda m, x: F.relu(m.c(x)), c=conv())
    agree(IMAGE + spec, Hand(lambda m, x: MERGES[merge](x, m.a(x)), a=block))


def test_around_each_copy() -> None:
    def forward(m, x):
        for layer in m.a:
            x = x + layer(x)
        return x

    spec = f"layers:\n  a: {{{written()}, repeat: 3, skip: add}}\n"
    agree(IMAGE + spec, Hand(forward, a=nn.ModuleList([conv(), conv(), conv()])))


def test_around_the_whole_chain() -> None:
    def forward(m, x):
        out = x
        for layer in m.a.body:
            out = layer(out)
        return x + out

    spec = f"layers:\n  a: {{layers: {{body: {{{written()}, repeat: 2}}}}, skip: add}}\n"
    agree(IMAGE + spec, Hand(forward, a=Hand(None, body=nn.ModuleList([conv(), conv()]))))


def test_in_skips_in_skips() -> None:
    def forward(m, x):
        inner = m.a.c(x)
        return x + (inner * m.a.d(inner))

    spec = f"layers:\n  a: {{layers: {{c: {{{written()}}}, d: {{{written()}, skip: mul}}}}, skip: add}}\n"
    agree(IMAGE + spec, Hand(forward, a=Hand(None, c=conv(), d=conv())))


def test_the_name_means_the_merged_value_and_inner_names_stay() -> None:
    def forward(m, x):
        first = m.a[0](x)
        merged = x + m.a[1](first)
        return merged * first

    spec = f"layers:\n  a: {{layers: [{{{written()}}}, {{{written()}}}], skip: add}}\n  out: {{mul: [a, a.0]}}\n"
    agree(IMAGE + spec, Hand(forward, a=nn.Sequential(conv(), conv())))


def test_with_when_it_is_there_or_all_gone() -> None:
    spec = f"vars: {{on: true}}\nlayers:\n  a: {{{written()}, skip: add, when: $on}}\n  b: {{{written(2)}}}\n"
    agree(IMAGE + spec, Hand(lambda m, x: m.b(x + m.a(x)), a=conv(), b=conv(3, 2)))
    agree(IMAGE + spec, Hand(lambda m, x: m.b(x), b=conv(3, 2)), on=False)


def test_a_skip_of_the_first_of_several_inputs() -> None:
    gate = Hand(lambda m, x, by: m.c(x) * by, c=conv())
    spec = f"""
blocks: {{gate: {{inputs: [x, by], layers: {{c: {{{written()}, from: x}}, out: {{mul: [c, by]}}}}}}}}
layers: {{stem: {{{written()}}}, a: {{gate: , from: [input, stem], skip: add}}}}
"""
    agree(IMAGE + spec, Hand(lambda m, x: x + m.a(x, m.stem(x)), stem=conv(), a=gate))


# The projection that fits by itself.


class Projected(nn.Module):
    """`layer` with a projected shortcut, as the compiler makes it for a bare layer."""

    def __init__(self, layer: nn.Module, project: nn.Module) -> None:
        super().__init__()
        self.layer, self.project = layer, project

    def forward(self, x):
        return self.project(x) + self.layer(x)


@pytest.mark.parametrize(
    ("shape", "layer", "project"),
    [
        ([3, 9], nn.Conv1d(3, 5, 3, 2, 1), nn.Conv1d(3, 5, 1, 2, bias=False)),
        ([3, 9, 8], nn.Conv2d(3, 5, 3, 1, 1), nn.Conv2d(3, 5, 1, bias=False)),
        ([3, 9, 8], nn.Conv2d(3, 3, 3, 2, 1), nn.Conv2d(3, 3, 1, 2, bias=False)),
        ([3, 9, 8], nn.Conv2d(3, 5, 3, (1, 3), 1), nn.Conv2d(3, 5, 1, (1, 3), bias=False)),
        ([3, 16, 16], nn.Conv2d(3, 5, 4, 4), nn.Conv2d(3, 5, 1, 4, bias=False)),
        ([3, 4, 6, 5], nn.Conv3d(3, 2, 3, (1, 2, 1), 1), nn.Conv3d(3, 2, 1, (1, 2, 1), bias=False)),
        ([6], nn.Linear(6, 4), nn.Linear(6, 4, bias=False)),
    ],
    ids=["1d", "channels", "stride", "strides", "patches", "3d", "linear"],
)
def test_auto_projects_a_bare_layer(shape: list[int], layer: nn.Module, project: nn.Module) -> None:
    kind = type(layer).__name__
    if isinstance(layer, nn.Linear):
        arguments, norm = f"{{out_features: {layer.out_features}}}", nn.BatchNorm1d(layer.out_features)
    else:
        words = ("out_channels", "kernel_size", "stride", "padding")
        values = (layer.out_channels, list(layer.kernel_size), list(layer.stride), list(layer.padding))
        arguments = "{" + ", ".join(f"{word}: {value}" for word, value in zip(words, values, strict=True)) + "}"
        norm = getattr(nn, f"BatchNorm{len(layer.kernel_size)}d")(layer.out_channels)
    spec = f"input: {shape}\nlayers:\n  a: {{{kind}: {arguments}, skip: {{merge: add, project: auto}}}}\n"
    agree(spec, Hand(lambda m, x: m.a(x), a=Projected(layer, nn.Sequential(project, norm))))


def test_auto_projects_nothing_where_the_shapes_are_equal() -> None:
    spec = f"layers:\n  a: {{layers: [{{{written()}}}], skip: {{merge: add, project: auto}}}}\n"
    agree(IMAGE + spec, Hand(lambda m, x: x + m.a(x), a=nn.Sequential(conv())))


def test_auto_in_copies_of_a_block_projects_where_it_has_to() -> None:
    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
            super().__init__()
            self.c = conv(inputs, outputs, stride=stride)
            if stride != 1 or inputs != outputs:
                self.project = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            shortcut = self.project(x) if hasattr(self, "project") else x
            return shortcut + self.c(x)

    def forward(m, x):
        for stage in m.a:
            for block in stage:
                x = block(x)
        return x

    spec = """
blocks:
  B:
    params: {channels: int, stride: 1}
    layers: {c: {Conv2d: {out_channels: $channels, kernel_size: 3, padding: 1, stride: $stride}}}
layers:
  a:
    B: {}
    repeat: [2, 3]
    per_stage: {channels: [3, 6]}
    first: {stride: $(stage + 1)}
    skip: {merge: add, project: auto}
"""
    first = nn.ModuleList([Block(3, 3), Block(3, 3)])
    second = nn.ModuleList([Block(3, 6, 2), Block(6, 6), Block(6, 6)])
    agree(IMAGE + spec, Hand(forward, a=nn.ModuleList([first, second])))


def test_a_projection_of_one_s_own() -> None:
    def forward(m, x):
        shortcut = m.a.project[1](m.a.project[0](x))
        return torch.cat([shortcut, m.a.c(x)], 1)

    a = Hand(None, c=conv(3, 5, stride=2), project=nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(3, 2, 1)))
    spec = f"""
layers:
  a:
    layers: {{c: {{{written(5, ", stride: 2")}}}}}
    skip:
      merge: concat
      project: [{{AvgPool2d: {{kernel_size: 2, ceil_mode: true}}}}, {{Conv2d: {{out_channels: 2, kernel_size: 1}}}}]
"""
    agree(IMAGE + spec, Hand(forward, a=a))


def test_a_projection_of_one_s_own_is_there_though_the_shapes_are_equal() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.project = conv(), nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return self.project(x) + self.layer(x)

    spec = f"layers:\n  a: {{{written()}, skip: {{project: {{Conv2d: {{out_channels: 3, kernel_size: 1}}}}}}}}\n"
    agree(IMAGE + spec, Hand(lambda m, x: m.a(x), a=Own()))


def test_align_in_a_skip() -> None:
    def forward(m, x):
        return torch.cat([x, F.pad(m.a(x), [1, 1, 1, 1])], 1)

    spec = "layers:\n  a: {Conv2d: {out_channels: 3, kernel_size: 3}, skip: {merge: concat, align: pad}}\n"
    agree(IMAGE + spec, Hand(forward, a=nn.Conv2d(3, 3, 3)))


def test_the_projection_counts() -> None:
    spec = f"layers:\n  a: {{{written(5)}, skip: {{project: auto}}}}\n"
    assert load(IMAGE + spec).num_params == (27 * 5 + 5) + 3 * 5 + 2 * 5


@pytest.mark.parametrize(
    ("entry", "code", "marked"),
    [
        ("{Linear: 5, skip: add}", "AS304", "add"),
        ("{Linear: 4, skip: plus}", "AS101", "plus"),
        ("{Linear: 4, skip: true}", "AS101", "true"),
        ("{Linear: 4, skip: [add]}", "AS101", "[add]"),
        ("{Linear: 4, skip: {merg: add}}", "AS102", "merg"),
        ("{Linear: 4, skip: {project: {Lineaer: 4}}}", "AS201", "Lineaer"),
        ("{layers: {project: {Linear: 5}, b: ReLU}, skip: {project: auto}}", "AS106", "{project: auto}"),
        ("{layers: {a: {Linear: 5}}, skip: {project: {Linear: 6}}}", "AS304", "{project: {Linear: 6}}"),
    ],
)
def test_faults_of_skips(entry: str, code: str, marked: str) -> None:
    assert faults(f"input: [4]\nlayers: {{a: {entry}}}\n") == [(code, marked)]


def test_no_projection_makes_an_image_larger() -> None:
    spec = "layers:\n  a: {Upsample: {scale_factor: 2}, skip: {project: auto}}\n"
    assert [code for code, _ in faults(IMAGE + spec)] == ["AS304"]


def test_a_block_s_own_project_entry_is_no_conflict_without_a_projection() -> None:
    spec = "layers: {a: {layers: {project: {Linear: 4}}, skip: add}}\n"
    agree(
        "input: [4]\n" + spec, Hand(lambda m, x: x + m.a(x), a=Hand(lambda m, x: m.project(x), project=nn.Linear(4, 4)))
    )
