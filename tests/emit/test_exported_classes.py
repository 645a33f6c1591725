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


def test_whether_a_layer_is_there_follows_from_the_arguments_of_the_block() -> None:
    text = python_source(load(OPTIONAL).graph, "A test.")
    assert "self.drop = nn.Dropout(p=drop) if drop > 0 else None" in text


def test_whether_a_layer_is_there_has_a_name_of_its_own_where_nothing_tells() -> None:
    text = classes_of(
        """
input: [4]
blocks: {unit: {params: {at: int}, layers: {fc: {Linear: 4}, act: {ReLU: {}, when: $(at % 3 == 1)}}}}
layers: {body: {unit: $index, repeat: 6}}
"""
    )
    assert "def __init__(self, act: bool = False) -> None:" in text
    assert "self.act = nn.ReLU() if act else None" in text


def classes_of(body: str) -> str:
    """The exported file of a spec, which is the same network."""
    architecture = load(body)
    as_exported(architecture, architecture.build(), samples(architecture))
    return python_source(architecture.graph, "A test.")


def test_a_function_that_some_instances_call_stands_under_a_condition() -> None:
    text = classes_of(
        """
input: [4]
blocks:
  unit:
    params: {out: int, turned: bool}
    layers:
      turn: {roll: {shifts: [1], dims: [1]}, when: $turned}
      fc: {Linear: $out}
      sum: {add: [fc, input], when: $(out == input.features)}
layers:
  a: {unit: {out: 4, turned: true}}
  b: {unit: {out: 6, turned: false}}
  c: {unit: {out: 6, turned: true}}
  d: {unit: {out: 6, turned: false}}
"""
    )
    assert text.count("class ") == 2
    assert "x = torch.roll(input, shifts=(1,), dims=(1,)) if self.turn else input" in text
    assert "return x + input if self.has_sum else x" in text
    assert "self.has_sum = in_features == out" in text
    assert "self.d = Unit(6, 6, turned=False)" in text


def test_numbers_in_a_forward_are_attributes_where_they_differ() -> None:
    text = classes_of(
        """
input: [3, 32]
blocks:
  unit:
    params: {dilation: int}
    layers: {past: {pad: [$dilation, 0]}, conv: {Conv1d: {out_channels: 3, kernel_size: 2, dilation: $dilation}}}
layers: {body: {unit: $(2 ** (index % 3)), repeat: 6}}
"""
    )
    assert text.count("class ") == 2
    assert "F.pad(input, pad=(self.dilation, 0))" in text
    assert "Unit(2 ** (index % 3)) for index in range(6)" in text


def test_a_sequence_of_which_instances_have_other_entries_is_a_list_that_grows() -> None:
    text = classes_of(
        """
input: [4]
blocks:
  unit:
    params: {wide: int, act: bool}
    layers:
      block:
        - {Linear: $wide, when: $(wide != input.features)}
        - {ReLU: {}, when: $act}
        - Linear: 4
layers:
  a: {unit: {wide: 4, act: true}}
  b: {unit: {wide: 8, act: false}}
  c: {unit: {wide: 6, act: true}}
  d: {unit: {wide: 4, act: false}}
"""
    )
    assert text.count("class ") == 2
    assert "layers: list[nn.Module] = []" in text
    assert "if block_1:" in text
    assert "if act:" in text
    assert "self.block = nn.Sequential(*layers)" in text


def test_a_computed_buffer_has_one_function_whose_numbers_are_its_arguments() -> None:
    text = classes_of(
        """
input: [4]
blocks:
  unit:
    params: {size: int}
    layers:
      fc: {Linear: $size}
      ramp: {Buffer: {layers: {steps: {arange: $size}, number: {to: float32}, less: {mul: 0.5}}}}
      sum: {add: [fc, ramp]}
layers: {a: {unit: 4}, b: {unit: 6}, c: {unit: 9}}
"""
    )
    assert text.count("def ramp(steps: int) -> torch.Tensor:") == 1
    assert 'self.register_buffer("ramp", ramp(size))' in text
    assert "    ramp: torch.Tensor\n" in text


def test_sizes_that_follow_from_parameters_are_written_so() -> None:
    text = classes_of(
        """
input: [8]
blocks: {unit: {params: {n: int}, layers: {up: {Linear: $(4 * n)}, act: ReLU, down: {Linear: $n}}}}
layers: {a: {unit: 2}, b: {unit: 3}, c: {unit: 5}}
"""
    )
    assert "def __init__(self, in_features: int, n: int) -> None:" in text
    assert "nn.Linear(in_features, 4 * n)" in text
    assert "nn.Linear(4 * n, n)" in text


def test_a_default_is_torchs_own_and_left_out() -> None:
    text = classes_of(
        """
input: [3, 16, 16]
defaults: {Conv2d: {kernel_size: 1}}
blocks: {unit: {params: {n: int, stride: 1}, layers: {conv: {Conv2d: {out_channels: $n, stride: $stride}}}}}
layers: {a: {unit: 4}, b: {unit: {n: 6, stride: 2}}, c: {unit: 6}}
"""
    )
    assert "stride: int = 1" in text
    assert "self.a = Unit(3, 4)\n" in text
    assert "self.b = Unit(4, 6, stride=2)\n" in text
