"""What people bring along from other formats and libraries: each told as itself, once, with a help that works."""

from __future__ import annotations

import pytest

import archspec
from archspec.ops.checks import check_arity
from archspec.ops.faults import RuleFault
from archspec.ops.registry import find, kinds

NET = """archspec: 1
input: {shape: [3, 8, 8], dtype: float32}
vars: {width: 8}
blocks:
  b:
    params: {features: int}
    inputs: [x, y]
    layers:
      sum: {add: [x, y]}
      fc: {Conv2d: {out_channels: $features, kernel_size: 1}}
layers:
  c: {Conv2d: {out_channels: $width, kernel_size: 3, padding: 1}}
  d: {Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}
  e: {b: {features: 4}, from: [c, d]}
  both: {concat: [e, d]}
  flatten: Flatten
  out: {Linear: $width}
"""


def test_the_net_itself_is_fine() -> None:
    assert archspec.check(NET) == ()


@pytest.mark.parametrize(
    ("written", "instead", "code", "marked", "help", "mends"),
    [
        ("out: {Linear: $width}", "out: {Linear: ${width}}", "AS222", "${width}", "write `$(width)`", True),
        ("Linear: $width", "Linear: width", "AS401", "width", "write `$width`", True),
        ("Linear: $width", "Linear: $width * 2", "AS401", "$width * 2", "write `$(width * 2)`", True),
        ("Linear: $width", "Linear: width // 2", "AS401", "width // 2", "write `$(width // 2)`", True),
        ("Linear: $width", "Linear: $(width / 3)", "AS401", "$(width / 3)", "`//` divides", False),
        ("Linear: $width", "Linear: height", "AS401", "height", "write a value like", False),
        ("$features", "features", "AS401", "features", "write `$features`", True),
        ("Linear: $width", "Dense: $width", "AS201", "Dense", "it is called `Linear` here", True),
        ("both: {concat", "both: {cat", "AS201", "cat", "it is called `concat` here", True),
        ("{Linear: $width}", "{dense: $width}", "AS201", "dense", "it is called `Linear` here", True),
        ("flatten: Flatten", "flatten: activation", "AS201", "activation", "`ReLU`, `GELU`", False),
        ("flatten: Flatten", "flatten: pool", "AS201", "pool", "name the pooling: `MaxPool2d`", False),
        ("flatten: Flatten", "flatten: zoo:resnet18", "AS201", "zoo:resnet18", "`import: [zoo:resnet18]`", False),
        ("layers:\n  c", "optimiser: SGD\nlayers:\n  c", "AS102", "optimiser", "`train: {optimizer: SGD}`", False),
        ("{Linear: $width}", "Linear($width)", "AS201", "Linear($width)", "arguments are its value", False),
        (
            "{Linear: $width}",
            "nn.Linear(768, 8)",
            "AS201",
            "nn.Linear(768, 8)",
            "write `{Linear: {in_features: 768, out_features: 8}}`",
            True,
        ),
        ("{Linear: $width}", "nn.Linear(size, 256)", "AS201", "nn.Linear(size, 256)", "`{Linear: …}`", False),
        (
            "flatten: Flatten",
            "flatten: nn.Flatten(start_dim=1)",
            "AS201",
            "nn.Flatten(start_dim=1)",
            "write `{Flatten: {start_dim: 1}}`",
            True,
        ),
        (
            "Linear: $width",
            "Linear: [768, $width]",
            "AS202",
            "[768, $width]",
            "write `{in_features: 768, out_features: $width}`",
            True,
        ),
        ("{b: {features: 4}", "{b: [4, 5]", "AS208", "[4, 5]", "", False),
        ("Linear: $width", "Linear: $(0.5 * width)", "AS401", "$(0.5 * width)", "write `$(int(0.5 * width))`", True),
        ("Linear: $width", 'Linear: "{{ width }}"', "AS401", '"{{ width }}"', "write `$width`", True),
        ("flatten: Flatten", "flatten: {type: Flatten}", "AS105", "type", "write `Flatten`", True),
        ("shape: [3, 8, 8]", "shape: 3x8x8", "AS101", "3x8x8", "write `[3, 8, 8]`", True),
        ("{Linear: $width}", "Linear $width", "AS201", "Linear $width", "`{Linear: …}`", False),
        ("Linear: $width", "Linear: {out: $width}", "AS202", "out", "did you mean `out_features`?", True),
        (
            "Linear: $width",
            "type: Linear, out_features: 8",
            "AS105",
            "type",
            "write `{Linear: {out_features: 8}}`",
            False,
        ),
        ("from: [c, d]", "form: [c, d]", "AS105", "form", "did you mean `from`?", True),
        ("features: int", "features: integer", "AS101", "integer", "write `int`", True),
        ("kernel_size: 3", "kernel_size=3", "AS202", "kernel_size=3", "write `kernel_size: 3`", True),
        ("kernel_size: 3", "kernel_size: (3, 3)", "AS026", "(3, 3)", "write `[3, 3]`", True),
        (
            "features: 4}",
            "features: $(c.shape[1] // 2)}",
            "AS029",
            "$(c.shape",
            'quote it: `"$(c.shape[1] // 2)"`',
            True,
        ),
        ("kernel_size: 3", "kernel_size: 3x3", "AS401", "3x3", "write `[3, 3]`", True),
        ("kernel_size: 3", "kernel_size: 12:30", "AS401", "12:30", "a number has no colon", False),
        ("Linear: $width", "Linear: 1_000", "AS401", "1_000", "write `1000`", True),
        ("d: {Conv2d: {out", "d: {if: $(width > 3), Conv2d: {out", "AS105", "if", "did you mean `when`?", True),
        ("{concat: [e, d]}", "{concat: e, d}", "AS105", "e, d", "write `[e, d]`", True),
        (
            "{Linear: $width}",
            "{Linear: {768, 8}}",
            "AS202",
            "{768, 8}",
            "write `{in_features: 768, out_features: 8}`",
            True,
        ),
        ("{Linear: $width}", "{Linear: {8}}", "AS202", "{8}", "write `8`", True),
        ("shape: [3, 8, 8]", "shape: {3, 8, 8}", "AS026", "{3, 8, 8}", "write `[3, 8, 8]`", True),
        ("$width, kernel", "$(width if width <> 3 else 1), kernel", "AS223", "<>", "write `!=`", True),
        ("params:", "parameters:", "AS102", "parameters", "did you mean `params`?", True),
        ("params:", "parms:", "AS102", "parms", "did you mean `params`?", True),
        ("vars:", "variables:", "AS102", "variables", "did you mean `vars`?", True),
        ("vars:", "var:", "AS102", "var", "did you mean `vars`?", True),
        ("blocks:", "block:", "AS102", "block", "did you mean `blocks`?", True),
        ("archspec: 1", "version: 1", "AS102", "version", "did you mean `archspec`?", True),
        ("dtype: float32", "dtype: float", "AS101", "float", "write `float32`", True),
        ("dtype: float32", "dtype: torch.float32", "AS101", "torch.float32", "write `float32`", True),
    ],
)
def test_a_habit(written: str, instead: str, code: str, marked: str, help: str, mends: bool) -> None:
    assert written in NET
    text = NET.replace(written, instead, 1)
    (fault,) = archspec.check(text)
    assert fault.code == code
    assert fault.span is not None
    assert fault.span.text == marked
    assert help in (fault.help or "")
    assert (fault.edit is not None) == mends
    if fault.edit is not None:
        edit = fault.edit
        assert archspec.check(text[: edit.span.start] + edit.text + text[edit.span.end :]) == ()


RECIPE = """archspec: 1
input: [1, 8, 8]
layers: [Flatten, {Linear: 10}]
train: {data: digits, batch_size: 64, optimizer: {SGD: {lr: 0.1}}}
"""


@pytest.mark.parametrize(
    ("written", "instead", "code", "marked", "help", "mends"),
    [
        ("lr: 0.1", "lr: 0,001", "AS026", "0,001", "write `0.001`", True),
        ("lr: 0.1", "learning_rate: 0.1", "AS502", "learning_rate", "did you mean `lr`?", True),
        ("{SGD: {lr: 0.1}}", "Adam(lr=0.001)", "AS501", "Adam(lr=0.001)", "write `{Adam: {argument: value}}`", False),
        ("{SGD: {lr: 0.1}}", "torch.optim.Adam", "AS501", "torch.optim.Adam", "write `Adam`", False),
        ("batch_size: 64", 'batch_size: "64"', "AS101", '"64"', "remove the quotes", True),
        ("batch_size: 64", "lr: 0.1", "AS102", "lr", "`optimizer: {SGD: {lr: …}}`", False),
        ("batch_size: 64", "num_epochs: 3", "AS102", "num_epochs", "did you mean `epochs`?", True),
    ],
)
def test_a_habit_of_recipes(written: str, instead: str, code: str, marked: str, help: str, mends: bool) -> None:
    assert archspec.check(RECIPE) == ()
    text = RECIPE.replace(written, instead, 1)
    (fault,) = archspec.check(text)
    assert (fault.code, fault.span and fault.span.text) == (code, marked)
    assert help in (fault.help or "")
    assert (fault.edit is not None) == mends
    if fault.edit is not None:
        edit = fault.edit
        assert archspec.check(text[: edit.span.start] + edit.text + text[edit.span.end :]) == ()


def test_a_tie_to_the_data_of_a_parameter() -> None:
    net = "archspec: 1\ninput: [4]\nlayers: {a: {Linear: 4}, b: {Linear: 4, tie: {weight: a.weight.data}}}\n"
    (fault,) = archspec.check(net)
    assert (fault.code, fault.help) == ("AS205", "write `a.weight`")
    assert archspec.check(net.replace(".data", "")) == ()


def test_numbers_are_no_inputs() -> None:
    (fault,) = archspec.check("archspec: 1\ninput: [3, 4]\nlayers: {a: {transpose: [1, 2]}}\n")
    assert (fault.code, fault.help) == ("AS204", "name the argument: it has `dim0`, `dim1`")


def test_a_condition_of_a_sequence() -> None:
    (fault,) = archspec.check("archspec: 1\ninput: [4]\nlayers: {a: {if: true, layers: [ReLU]}}\n")
    assert (fault.code, fault.help) == ("AS105", "did you mean `when`?")


def test_what_stands_under_a_misspelt_key_is_checked_too() -> None:
    found = archspec.check("archspec: 1\ninput: [4]\nlayer: {a: {Lineer: 3}}\n")
    assert [fault.code for fault in found] == ["AS102", "AS201"]


def test_one_input_under_inputs() -> None:
    (fault,) = archspec.check("archspec: 1\ninputs: [1, 28, 28]\nlayers: [Flatten]\n")
    assert (fault.code, fault.help) == ("AS101", "one input is written `input: […]`")


@pytest.mark.parametrize(
    ("layers", "code", "marked", "help", "mended"),
    [
        (
            "  c:\n    Conv2d:\n    out_channels: 8\n    kernel_size: 3",
            "AS105",
            "out_channels",
            "write `{Conv2d: {out_channels: 8, kernel_size: 3}}`",
            True,
        ),
        ("  - BatchNorm2d:\n    eps: 0.1", "AS105", "eps", "write `{BatchNorm2d: {eps: 0.1}}`", True),
        ("  - c: {Conv2d: {out_channels: 8, kernel_size: 3}}\n  - d: ReLU", "AS105", "c", "without the dash", False),
        ("  - [-1, 3, Conv, [64, 3, 2]]", "AS105", "[-1, 3, Conv, [64, 3, 2]]", "`name: {Conv: {argument: v", False),
        ("  type: Sequential\n  relu: ReLU", "AS105", "type", "remove it", False),
        ("  c:\n    Conv2d:\n      out_channels: 8\n      kernel_size: (3, 3)", "AS401", "(3, 3)", "`[3, 3]`", True),
    ],
)
def test_a_form_of_another_format(layers: str, code: str, marked: str, help: str, mended: bool) -> None:
    text = f"archspec: 1\ninput: [3, 8, 8]\nlayers:\n{layers}\n"
    (fault,) = archspec.check(text)
    assert (fault.code, fault.span and fault.span.text) == (code, marked)
    assert help in (fault.help or "")
    assert (fault.edit is not None) == mended
    if fault.edit is not None:
        edit = fault.edit
        assert archspec.check(text[: edit.span.start] + edit.text + text[edit.span.end :]) == ()


def test_the_batch_in_the_input() -> None:
    (fault,) = archspec.check(
        "archspec: 1\ninput: [32, 3, 8, 8]\nlayers: [{Conv2d: {out_channels: 4, kernel_size: 3}}]\n"
    )
    assert (fault.code, fault.help) == (
        "AS302",
        "leave the batch out of the input, which always has one: `[3, 8, 8]`",
    )


def test_a_block_may_take_a_layer_by_any_word() -> None:
    """What would be a habit elsewhere is the block's own parameter."""
    net = "archspec: 1\ninput: [4]\nblocks: {op: {params: {act: layer}, layers: [$act]}}\n"
    assert archspec.check(net + "layers: [{op: ReLU}, {op: Tanh}]\n") == ()
    assert archspec.check(net + "layers: [{op: [ReLU, Tanh]}]\n") == ()


def test_an_entry_may_be_called_as_a_layer_is() -> None:
    """What looks like a name and its kind is a function of an entry."""
    net = "archspec: 1\ninputs: {X: [4], Y: [4]}\nlayers:\n  a: [{tanh: X}]\n  b: [{tanh: X}, {add: [0, Y]}]\n"
    assert archspec.check(net + "  c: {exp: Y}\n  d: {add: [a, b]}\n  e: {add: [c, d]}\n") == ()


def test_a_block_may_be_called_as_an_other_librarys_layer() -> None:
    net = "archspec: 1\ninput: [4]\nblocks: {Dense: {layers: [{Linear: 3}]}, type: {layers: [ReLU]}}\n"
    assert archspec.check(net + "layers: [Dense, type, {type: {}}]\n") == ()


@pytest.mark.parametrize("kind", list(kinds()))
def test_any_wrong_number_of_inputs_is_a_fault_that_is_told(kind: str) -> None:
    op = find(kind)
    assert op is not None
    for count in (0, len(op.inputs) + 1):
        if op.variadic:
            continue
        if len(op.inputs) - op.optional_inputs <= count <= len(op.inputs):
            continue
        with pytest.raises(RuleFault, match="takes"):
            check_arity(op, (None,) * count)  # type: ignore[arg-type]
