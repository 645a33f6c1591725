"""The text of a graph: stable, one line per node, with every value that is taken."""

from __future__ import annotations

import archspec
from archspec.graph.dump import dump
from tests.emit.specs import EVERYTHING
from tests.judge import load


def test_a_small_graph() -> None:
    spec = """
name: Small
input: [4]
blocks: {B: {params: {n: 3}, layers: {fc: {Linear: $n}, gone: {ReLU: , when: false}, act: {relu: gone}}}}
layers:
  a: {Linear: {out_features: 4, bias: false}, repeat: 2}
  b: {B: 5}
  c: {layers: {d: {add: [input, b]}}}
outputs: {out: c, b: {from: b, training: true}}
"""
    assert dump(load(spec).graph) == (
        "graph Small\n"
        "  %input: [N, 4]\n"
        "  %a = copies×2 (%input): [N, 4]\n"
        "    %a.0 = Linear(%a:input) {in_features=4, out_features=4, bias=False}: [N, 4]\n"
        "    %a.1 = Linear(%a.0) {in_features=4, out_features=4, bias=False}: [N, 4]\n"
        "    yield %a.1\n"
        "  %b = block B[n=5](%a): [N, 5]\n"
        "    %b.fc = Linear(%b:input) {in_features=4, out_features=5}: [N, 5]\n"
        "    %b.gone = absent(%b.fc): [N, 5]\n"
        "    %b.act = relu(%b.gone): [N, 5]\n"
        "    yield %b.act\n"
        "  %c = sequence (%b): [N, 5]\n"
        "    %c.d = add(%c:input, %b): [N, 5]\n"
        "    yield %c.d\n"
        "  return out = %c: [N, 5]\n"
        "  return b = %b: [N, 5] when training\n"
    )


def test_it_is_the_same_every_time_and_has_no_place_of_memory() -> None:
    texts = {dump(archspec.load(EVERYTHING).graph) for _ in range(3)}
    assert len(texts) == 1
    assert " at 0x" not in texts.pop()
