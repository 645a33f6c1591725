"""The classes of the exported Python file: torch runs them, and they are the network that the spec builds."""

from __future__ import annotations

import torch

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


GATHERED = """
input: [4]
blocks:
  down: {params: {n: int}, layers: {fc: {Linear: $n}, act: Tanh}, outputs: {x: act, skip: fc}}
  up: {params: {n: int}, inputs: [x, skip], layers: {mul: {mul: [x, skip]}, fc: {Linear: $n}}}
layers:
  down: {down: $(5 + index), repeat: 3}
  up: {up: $(6 - index), repeat: 3, from: [down, down.$(2 - index).skip]}
"""


def test_a_loop_gathers_what_another_loop_takes() -> None:
    text = classes_of(GATHERED)
    assert text.count("skips.append(skip)") == 1
    assert "for block, skip in zip(self.up, reversed(skips), strict=True):" in text


def test_a_loop_that_gathers_is_one_graph_to_torch() -> None:
    architecture = load(GATHERED)
    module, inputs = architecture.build().eval(), samples(architecture)
    compiled = torch.compile(module, fullgraph=True, backend="eager")
    assert torch.equal(module(*inputs), compiled(*inputs))


def test_what_all_copies_give_is_a_list() -> None:
    text = classes_of(
        """
input: [4]
blocks: {unit: {layers: {fc: {Linear: 4}, act: Tanh}, outputs: {x: act, skip: fc}}}
layers:
  body: {unit: {}, repeat: 4}
  sum: {add: body.*.skip}
  all: {concat: {dim: 1}, from: [sum, body.0.skip, body.1.skip, body.2.skip, body.3.skip]}
"""
    )
    assert "torch.cat([x, *skips], dim=1)" in text
    assert "reduce(torch.add, skips)" in text


def test_a_list_is_kept_of_no_values_that_nothing_takes() -> None:
    text = classes_of("input: [4]\nlayers: {body: {Linear: 4, repeat: 4}, sum: {add: [body, body.1]}}\n")
    assert "append" not in text


SIDES = """
input: [4]
blocks: {{unit: {{inputs: [x, a, b], layers: {{m: {{mul: [x, a]}}, s: {{sub: [m, b]}}, fc: {{Linear: 4}}}}}}}}
layers:
  one: {{Linear: 4}}
  pair: {{Linear: 4, repeat: 3}}
  body: {{unit: {{}}, repeat: 2, from: [one, pair.$(index), {other}]}}
"""


def test_copies_that_take_a_value_in_two_places_are_a_loop_where_each_is_told_from_the_other() -> None:
    swapped = classes_of(SIDES.format(other="pair.$(1 - index)"))
    assert "in zip(" in swapped
    assert "in zip(" not in classes_of(SIDES.format(other="pair.0"))


def test_branches_that_are_alike_are_a_list() -> None:
    text = classes_of(
        "input: [4]\nlayers: {all: {branches: [{Linear: 4}, {Linear: 4}, [{Linear: 4}, ReLU]], merge: add}}\n"
    )
    assert "all_outputs = [branch(input) for branch in self.all]" in text


def test_a_result_that_others_take_by_its_inner_name_is_given_once() -> None:
    text = classes_of(
        """
input: [4]
layers:
  body: {layers: {a: {Linear: 4}, b: {Linear: 4, repeat: 2}}}
  sum: {add: [body.b, body.a]}
"""
    )
    assert "x, a = self.body(input)" in text


def test_blocks_with_other_numbers_of_copies_are_one_class() -> None:
    text = classes_of(
        """
input: [4]
blocks:
  unit: {params: {n: int}, layers: {fc: {Linear: $n}}}
  stage: {params: {n: int, depth: int}, layers: {units: {unit: $n, repeat: $depth}}}
layers: {a: {stage: {n: 5, depth: 2}}, b: {stage: {n: 6, depth: 4}}, c: {stage: {n: 6, depth: 1}}}
"""
    )
    assert text.count("class Stage") == 1
    assert "*(Unit(n, n) for _ in range(depth - 1))," in text


def test_sizes_of_a_docstring_are_the_parameters_of_the_class() -> None:
    text = classes_of(
        """
input: [3, 16, 8]
defaults: {Conv2d: {kernel_size: 1}}
blocks: {down: {params: {n: int, stride: 1}, layers: {c: {Conv2d: {out_channels: $n, stride: $stride}}}}}
layers: {a: {down: {n: 5, stride: 2}}, b: {down: {n: 6}}, c: {down: {n: 9, stride: 2}}}
"""
    )
    assert '"""Takes input [N, in_channels, H, W]; gives [N, n, H // stride, W // stride]."""' in text


def test_floats_that_grow_are_part_of_a_loop() -> None:
    text = classes_of(
        """
input: [4]
blocks: {unit: {params: {p: float}, layers: {fc: {Linear: 4}, drop: {Dropout: $p}}}}
layers: {a: {unit: $(0.3 * (index + 2) / 7), repeat: 4}}
"""
    )
    assert "self.a = nn.ModuleList(Unit(0.3 * index / 7) for index in range(2, 6))" in text


def test_a_size_that_is_a_tuple_in_some_is_one_parameter() -> None:
    text = classes_of(
        """
input: [3, 16, 16]
defaults: {Conv2d: {out_channels: 3}}
blocks:
  c:
    params: {k: int, w: int}
    layers: {c: {Conv2d: {kernel_size: [$k, $w], padding: ["$(k // 2)", "$(w // 2)"]}}}
layers: {a: {c: {k: 1, w: 7}}, b: {c: {k: 7, w: 1}}, d: {c: {k: 3, w: 3}}}
"""
    )
    assert "self.a = C((1, 7), (0, 3))" in text
    assert "self.d = C(3, 1)" in text


def test_a_few_layers_that_begin_otherwise_are_named() -> None:
    text = classes_of(
        """
input: [4]
layers: {body: {Linear: 4, repeat: 6}, last: {Linear: 4}}
init: {Linear: {weight: {normal: {std: 0.1}}}, last.weight: {normal: {std: 0.5}}}
"""
    )
    assert text.count("nn.init.") == 2
    assert "nn.init.normal_(self.last.weight, std=0.5)" in text
