"""The classes of the exported Python file: torch runs them, and they are the network that the spec builds."""

from __future__ import annotations

from archspec.emit.python.source import python_source
from tests.judge import as_exported, load, samples

OPTIONAL = """
input: [4]
blocks:
  unit:
    params: {drop: float}
    layers: {fc: {Linear: 4}, drop: {Dropout: $drop, when: $(drop > 0)}}
  pair:
    params: {drop: float}
    layers: {one: {unit: $drop}, two: {unit: $drop}}
layers:
  body: {unit: {drop: $(index / 10)}, repeat: 3}
  pairs: {pair: {drop: $(index / 5)}, repeat: 2}
"""


def test_an_argument_of_a_layer_that_the_first_instance_does_not_have() -> None:
    architecture = load(OPTIONAL)
    as_exported(architecture, architecture.build(), samples(architecture))


def test_whether_a_layer_is_there_has_a_name_of_its_own() -> None:
    text = python_source(load(OPTIONAL).graph, "A test.")
    assert "self.drop = nn.Dropout(p=drop) if has_drop else None" in text
