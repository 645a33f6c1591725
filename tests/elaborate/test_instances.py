"""An instance that is copied from one like it is the one that would have been inferred, and so is all that is said."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec.elaborate import block, instances
from archspec.errors import SourceText, Span
from archspec.ops.entry import Args, Op
from tests.fuzz.faults import faulty_specs
from tests.fuzz.generate import random_spec

SPECS = Path(__file__).parents[2] / "specs"
REUSING = ("language/gpt2", "classification/swin_t", "language/llama", "classification/resnet50")
HEAD = "archspec: 1\ninput: [4, 8, 8]\n"


def _told(value: Any) -> Any:
    """All that a record says, as plain data."""
    if isinstance(value, Span):
        return value.source.name, value.start, value.end
    if isinstance(value, Op):
        return value.name
    if isinstance(value, Args):
        return dict(value), value.written, value.named
    if is_dataclass(value):
        return type(value).__name__, [_told(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    return [_told(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _examined(spec: Any) -> Any:
    found = archspec.examine(spec)
    compiled = found._compiled
    return _told(found.diagnostics), None if compiled is None else _told((compiled.graph, compiled.fragment))


def _both(spec: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    """What is found, which is the same when each instance is inferred; and how many were copied."""
    count = 0

    def counted(*arguments: Any) -> Any:
        nonlocal count
        copy = instances.copied(*arguments)
        count += copy is not None
        return copy

    with monkeypatch.context() as patched:
        patched.setattr(block, "copied", counted)
        found = _examined(spec)
    with monkeypatch.context() as patched:
        patched.setattr(block, "key_of", lambda *_: None)
        assert found == _examined(spec)
    return found, count


@pytest.mark.parametrize("name", REUSING)
def test_a_network_of_many_instances(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (diagnostics, _), count = _both(SPECS / f"{name}.yaml", monkeypatch)
    assert not diagnostics
    assert count >= 5


@pytest.mark.parametrize("name", REUSING)
def test_a_fault_in_such_a_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = SPECS / f"{name}.yaml"
    made = list(faulty_specs(path.read_text(), random.Random(name), 1))
    assert len(made) > 3
    for faulty in made:
        (diagnostics, _), _ = _both(SourceText(str(path), faulty.text), monkeypatch)
        assert diagnostics


def test_random_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(_both(random_spec(seed), monkeypatch)[1] for seed in range(40)) > 0


BLOCKS = """blocks:
  Down: {layers: {conv: {Conv2d: {out_channels: 4, kernel_size: 1}}, pool: {MaxPool2d: 2}}}
  Inner: {params: {c: 4}, layers: {conv: {Conv2d: {out_channels: $c, kernel_size: 1}}, act: {ReLU: {inplace: true}}}}
  Outer:
    params: {c: 4, act: {type: layer, default: ReLU}}
    layers:
      a: Inner
      b: {Inner: $c, repeat: 2}
      act: $act
      again: {use: a, from: input}
      off: {when: false, ReLU: {}}
      add: {add: [a, again], when: $(c > 0)}
"""


@pytest.mark.parametrize(
    ("rest", "copies"),
    [
        pytest.param("layers: {x: Outer, y: Outer, z: {Outer: {c: 8}}, w: {Outer: 8}}\n", 4, id="arguments"),
        pytest.param("layers: {x: Outer, y: {Outer: 4.0}}\n", 2, id="a float is no integer"),
        pytest.param("layers: {x: {Outer: {act: GELU}}, y: {Outer: {act: {LeakyReLU: 0.1}}}}\n", 4, id="held layers"),
        pytest.param("layers: {x: Outer, y: {Outer: {}, skip: add}, z: {Outer: {}, skip: add}}\n", 3, id="skips"),
        pytest.param("layers: {x: Outer, y: {use: x}, z: {Outer: {}, repeat: 3}}\n", 6, id="further calls"),
        pytest.param("init: {'*.conv.weight': ones, '1.a.*': zeros, Outer: {normal: {}}}\nlayers: [Outer, Outer]\n", 2,
                     id="rules by names"),
        pytest.param("init: {'1.a.conv.bias': kaiming_normal}\nlayers: [Outer, Outer]\n", 3, id="an unfit rule"),
        pytest.param("defaults: {ReLU: {inplace: true}}\nlayers: [ReLU, Inner, Inner]\n", 1, id="in place by default"),
        pytest.param("layers: [Outer, Outer, {Linear: {in_features: 3, out_features: 4}}, Outer]\n", 3,
                     id="a fault after"),
        pytest.param("layers: {x: Down, y: {Down: {}, from: input}, fc: {Linear: {in_features: 9, out_features: 2}}}\n",
                     1, id="a chain through it"),
        pytest.param("freeze: ['*.conv.*']\nlayers: [Outer, Outer]\n", 2, id="freeze"),
    ],
)  # fmt: skip
def test_what_an_instance_depends_on(rest: str, copies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _, count = _both(HEAD + BLOCKS + rest, monkeypatch)
    assert count == copies


def test_the_limit_is_met_in_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.elaborate.context.LARGEST_GRAPH", 100)
    (diagnostics, _), count = _both(f"{HEAD}{BLOCKS}layers: [{{Outer: {{}}, repeat: 20}}]\n", monkeypatch)
    assert "expands to more than" in str(diagnostics)
    assert count > 3
