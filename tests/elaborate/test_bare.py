"""`Parameter` and `Buffer`, bare tensors of the model; and `tie`, one parameter in two places."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archspec
from tests.judge import Hand, agree, build, faults, load

ROW = "input: [4]\n"
TOKENS = "input: {shape: [6], dtype: int64}\n"


class Tokens(nn.Module):
    """A class token before the others, and positions added: as vision transformers have them."""

    def __init__(self) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, 1, 3))
        self.position = nn.Parameter(torch.empty(1, 6, 3))

    def forward(self, x):
        x = torch.cat([self.class_token.expand(x.size(0), -1, -1), x], dim=1)
        return x + self.position


TOKENS_SPEC = """
input: [5, 3]
layers:
  class_token: {Parameter: {shape: [1, 1, 3], init: zeros}}
  token: {expand: {size: [N, -1, -1]}, from: class_token}
  joined: {concat: {dim: 1}, from: [token, input]}
  position: {Parameter: {shape: [1, 6, 3], init: {normal: {std: 0.02}}}}
  sum: {add: [joined, position]}
"""


def test_class_token_and_positions() -> None:
    agree(TOKENS_SPEC, Tokens())
    assert load(TOKENS_SPEC).num_params == 21


def test_they_are_initialised_as_they_say_each_from_its_own_generator() -> None:
    module = build(TOKENS_SPEC.replace("[1, 6, 3]", "[1, 6, 3]").replace("zeros", "ones"))
    assert torch.equal(module.class_token, torch.ones(1, 1, 3))
    assert isinstance(module.position, nn.Parameter)
    assert 0.005 < module.position.std() < 0.05
    other = build(
        TOKENS_SPEC.replace("  joined", "  more: {Parameter: {shape: 2, init: ones}}\n  joined").replace(
            "shape: 2", "shape: [2]"
        )
    )
    assert torch.equal(module.position, other.position)


def test_the_init_section_wins() -> None:
    module = build("init: {position: {constant: {val: 3}}}\n" + TOKENS_SPEC)
    assert torch.equal(module.position, torch.full((1, 6, 3), 3.0))


def test_in_a_block_with_its_parameters() -> None:
    spec = (
        ROW
        + """
blocks:
  scaled:
    params: {start: float}
    layers:
      fc: {Linear: 4}
      gamma: {Parameter: {shape: ['$(fc.features)'], init: {constant: {val: $start}}}}
      out: {mul: [fc, gamma]}
layers: {a: {scaled: 0.5, repeat: 2}}
"""
    )

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gamma = nn.Parameter(torch.full((4,), 0.5))
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(x) * self.gamma

    def forward(m, x):
        for layer in m.a:
            x = layer(x)
        return x

    agree(spec, Hand(forward, a=nn.ModuleList([Scaled(), Scaled()])))
    assert torch.equal(build(spec).a[1].gamma, torch.full((4,), 0.5))


def test_in_a_sequence_seen_from_outside() -> None:
    inner = "{p: {Parameter: {shape: [4], init: ones}}, q: {add: [input, p]}}"
    spec = ROW + f"layers: {{s: {{layers: {inner}}}, t: {{add: [s, s.p]}}}}\n"

    class S(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.p = nn.Parameter(torch.ones(4))

    agree(spec, Hand(lambda m, x: (x + m.s.p) + m.s.p, s=S()))


BUFFERS = """
layers:
  scale: {Buffer: {shape: [4], init: {constant: {val: 2}}}}
  index: {Buffer: [3, 0, 1, 2]}
  mask: {Buffer: {values: [1, 0, 1, 0], dtype: float32, persistent: false}}
  x: {mul: [input, scale]}
  y: {mul: [x, mask]}
outputs: [y, index]
"""


class Buffers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.full((4,), 2.0))
        self.register_buffer("index", torch.tensor([3, 0, 1, 2]))
        self.register_buffer("mask", torch.tensor([1.0, 0, 1, 0]), persistent=False)

    def forward(self, x):
        return x * self.scale * self.mask, self.index


def test_buffers_hold_what_is_written() -> None:
    agree(ROW + BUFFERS, Buffers())
    module = build(ROW + BUFFERS)
    assert module.index.dtype is torch.int64
    assert module.scale.tolist() == [2, 2, 2, 2]
    assert load(ROW + BUFFERS).num_params == 0
    half = archspec.load("archspec: 1\n" + ROW + BUFFERS).build(dtype="bfloat16")
    assert (half.scale.dtype, half.index.dtype) == (torch.bfloat16, torch.int64)
    assert archspec.load("archspec: 1\n" + ROW + BUFFERS).build(device="meta").scale.is_meta


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 3)
        self.act = nn.Tanh()
        self.head = nn.Linear(3, 40, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        return self.head(self.act(self.embedding(x)))


TIED = """
layers:
  embedding: {Embedding: {num_embeddings: 40, embedding_dim: 3}}
  act: Tanh
  head: {Linear: {out_features: 40, bias: false}, tie: {weight: embedding.weight}}
"""


def test_tied_embeddings_are_one_parameter() -> None:
    module = agree(TOKENS + TIED, Tied())
    assert module.head.weight is module.embedding.weight
    assert load(TOKENS + TIED).num_params == 120
    import copy
    import pickle

    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert other.head.weight is other.embedding.weight


def test_a_tied_parameter_is_initialised_once_as_the_one_it_is() -> None:
    alone = build(TOKENS + TIED.replace(", tie: {weight: embedding.weight}", ""))
    assert torch.equal(build(TOKENS + TIED).head.weight, alone.embedding.weight)


def test_ties_reach_into_sequences_repeats_and_to_bare_parameters() -> None:
    spec = (
        ROW
        + """
layers:
  table: {Parameter: {shape: [4, 4], init: zeros}}
  body: {layers: {one: {Linear: 4, from: input}, many: {Linear: 4, repeat: 2}}}
  a: {Linear: 4, tie: {weight: body.one.weight, bias: body.many.1.bias}}
  b: {Linear: 4, tie: {weight: table}}
  c: {Linear: 4, repeat: 2, tie: {weight: a.weight}}
"""
    )
    module = build(spec)
    assert module.a.weight is module.body.one.weight
    assert module.a.bias is module.body.many[1].bias
    assert module.b.weight is module.table
    assert module.c[1].weight is module.body.one.weight
    assert load(spec).num_params == sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("layers", "code", "at"),
    [
        ("{p: {Parameter: {shape: [4]}}}", "AS203", "Parameter"),
        ("{p: {Parameter: {shape: [0], init: ones}}}", "AS401", "0"),
        ("{p: {Parameter: {shape: [4], init: {norml: {}}}}}", "AS201", "norml"),
        ("{p: {Parameter: {shape: [4], init: {normal: {std: $s}}}}}", "AS211", "s"),
        ("{p: {Parameter: {shape: [4], init: ones}, from: input}}", "AS105", "from"),
        ("{p: {Parameter: {shape: [4], init: ones}, repeat: 2}}", "AS105", "repeat"),
        ("{a: {branches: {p: {Parameter: {shape: [4], init: ones}}, q: Tanh}, merge: add}}", "AS234", "Parameter"),
        ("{p: {Parameter: {shape: [5], init: ones}}, q: {add: [input, p]}}", "AS304", "add"),
        ("{p: {Parameter: {shape: [4], init: ones}}, q: {use: p}}", "AS233", "p"),
        ("{p: {Buffer: {shape: [4]}}, q: {add: [input, p]}}", "AS203", "Buffer"),
        ("{p: {Buffer: {values: [[1], [1, 2]]}}, q: {add: [input, p]}}", "AS401", "[[1], [1, 2]]"),
        ("{p: {Buffer: {values: [1], shape: [1]}}, q: {add: [input, p]}}", "AS402", "[1]"),
        ("{p: {Buffer: {shape: [4], init: {normal: {}}, dtype: int64}}}", "AS402", "{normal: {}}"),
        ("{a: {Linear: 4}, b: {Linear: 4, tie: {wieght: a.weight}}}", "AS202", "wieght"),
        ("{a: {Linear: 4}, b: {Linear: 4, tie: {weight: a.wieght}}}", "AS205", "a.wieght"),
        ("{a: {Linear: 4}, b: {Linear: 4, tie: {weight: c.weight}}}", "AS205", "c.weight"),
        ("{a: {Linear: 4}, b: {Linear: 5, tie: {weight: a.weight}}}", "AS235", "a.weight"),
        ("{a: {Linear: 4}, b: {Linear: 4, tie: a.weight}}", "AS101", "a.weight"),
        ("{a: {Linear: 4}, b: {relu: {}, tie: {weight: a.weight}}}", "AS105", "tie"),
        ("{a: {BatchNorm1d: {}}, b: {BatchNorm1d: , tie: {running_mean: a.running_mean}}}", "AS202", "running_mean"),
    ],
)
def test_faults(layers: str, code: str, at: str) -> None:
    assert faults(ROW + f"layers: {layers}\n") == [(code, at)]
