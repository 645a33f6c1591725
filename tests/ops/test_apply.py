"""One call: what follows from it, and every fault with its code, place and mend."""

from __future__ import annotations

import pytest

from archspec.ops.apply import apply
from archspec.ops.common import model_input
from archspec.ops.faults import RuleFault, RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import Batch, N, TensorType


def tensor(*shape: int, dtype: str = "float32", images: bool = False) -> TensorType:
    return TensorType((N, *shape), dtype, images)


def faults(kind: str, written: dict, *inputs: TensorType) -> tuple[RuleFault, ...]:
    with pytest.raises(RuleFaults) as caught:
        apply(CATALOGUE[kind], written, inputs)
    return caught.value.faults


def fault(kind: str, written: dict, *inputs: TensorType) -> RuleFault:
    (only,) = faults(kind, written, *inputs)
    return only


def output(kind: str, written: dict, *inputs: TensorType) -> TensorType:
    return apply(CATALOGUE[kind], written, inputs).outputs[0]


def test_what_is_left_out_is_inferred_and_filled_in() -> None:
    applied = apply(CATALOGUE["Conv2d"], {"out_channels": 16, "kernel_size": [5, 3]}, (tensor(3, 28, 28),))
    assert applied.args.in_channels == 3
    assert applied.args.kernel_size == (5, 3)
    assert applied.args.stride == 1
    assert applied.args.written == {"out_channels", "kernel_size"}
    assert list(applied.args) == [arg.name for arg in CATALOGUE["Conv2d"].args]
    assert applied.outputs == (tensor(16, 24, 26),)
    assert applied.macs == 16 * 24 * 26 * 3 * 15


CONV = {"out_channels": 8, "kernel_size": 3}
CASES = [
    # kind, written, inputs, code, argument, words of the message, words of the help
    ("Conv2d", CONV | {"kernal_size": 3}, [tensor(3, 8, 8)], "AS202", "kernal_size", "no argument", "`kernel_size`"),
    ("Conv2d", CONV | {"kernel": 3}, [tensor(3, 8, 8)], "AS202", "kernel", "no argument", "`kernel_size`"),
    ("Conv2d", CONV | {"device": "cuda"}, [tensor(3, 8, 8)], "AS202", "device", "no argument", "leave it out"),
    ("Conv2d", {"out_channels": 8}, [tensor(3, 8, 8)], "AS203", None, "size of the kernel", "kernel_size: 3"),
    ("Softmax", {}, [tensor(8)], "AS203", None, "`dim`", "dim: 1"),
    ("Linear", {"out_features": 3, "in_features": 512}, [tensor(2048)], "AS301", "in_features", "512", "2048"),
    ("BatchNorm2d", {"num_features": 1}, [tensor(8, 4, 4)], "AS301", "num_features", "1 channel,", "8"),
    ("LayerNorm", {"normalized_shape": [8, 8]}, [tensor(8, 7)], "AS301", "normalized_shape", "[8, 8]", "last"),
    ("Conv2d", CONV, [tensor(512)], "AS302", None, "[N, C, H, W], but receives [N, 512]", "Flatten"),
    ("Conv2d", CONV, [tensor(28, 28)], "AS302", None, "[N, 28, 28]", "[1, 28, 28]"),
    ("Conv2d", CONV, [tensor(8, 4, 4, 4)], "AS302", None, "[N, 8, 4, 4, 4]", "`Conv3d`"),
    ("Conv2d", CONV, [TensorType((3, N, 8, 8))], "AS302", None, "batch has to come first", "front"),
    ("Linear", {"out_features": 3}, [tensor()], "AS302", None, "is the batch", "front"),
    ("Conv2d", CONV, [tensor(4, 2, 2)], "AS303", "kernel_size", "3×3 but its input is only 2×2", "smaller kernel"),
    ("MaxPool2d", {"kernel_size": 8}, [tensor(4, 7, 7)], "AS303", "kernel_size", "8×8", "smaller window"),
    ("InstanceNorm2d", {}, [tensor(4, 1, 1)], "AS303", None, "single element", "another norm"),
    ("add", {}, [tensor(4, 8, 8), tensor(4, 4, 4)], "AS304", None, "height 8 and 4", "align"),
    ("concat", {}, [tensor(4, 8, 8), tensor(6, 10, 10)], "AS304", None, "height 8 and 10", "align: pad"),
    ("concat", {}, [tensor(4, 9, 8), tensor(6, 8, 8)], "AS310", None, "9×8 and 8×8", "align: pad"),
    ("Linear", {"out_features": 3}, [tensor(32, 7, 7, images=True)], "AS305", None, "forget a `Flatten`", "Flatten"),
    ("Linear", {"out_features": 3, "in_features": 1568}, [tensor(32, 7, 7)], "AS305", "in_features", "1568", "Flatten"),
    ("LayerNorm", {}, [tensor(32, 7, 7, images=True)], "AS305", None, "the width", "normalized_shape: 7"),
    ("Linear", {"out_features": 3}, [tensor(8, dtype="int64")], "AS306", None, "[N, 8] int64", "float32"),
    ("Linear", {"out_features": 3}, [tensor(8, dtype="float64")], "AS306", None, "float32 parameters", "float32"),
    ("add", {}, [tensor(8), tensor(8, dtype="int64")], "AS306", None, "int64", "one element type"),
    ("Flatten", {"start_dim": 5}, [tensor(8, 4)], "AS307", "start_dim", "3 dimensions", "-3 to 2"),
    ("ReLU", {}, [tensor(8), tensor(8)], "AS308", None, "one input, but receives 2", "concat"),
    ("add", {}, [tensor(8)], "AS308", None, "two inputs or more", "add: [a, b]"),
    ("MaxUnpool2d", {"kernel_size": 2}, [tensor(8, 4, 4)], "AS308", None, "`indices`", "[input, indices]"),
    ("Conv2d", CONV, [tensor(224, 224, 3)], "AS309", None, "channels-last", "[3, 224, 224]"),
    ("Conv2d", CONV | {"padding": -1}, [tensor(3, 8, 8)], "AS401", "padding", "found -1", "padding: 0"),
    ("Conv2d", CONV | {"kernel_size": [1, 2, 3]}, [tensor(3, 8, 8)], "AS401", "kernel_size", "[1, 2, 3]", "3"),
    ("Dropout", {"p": float("nan")}, [tensor(8)], "AS401", "p", ".nan", "p: 0.5"),
    ("Conv2d", CONV | {"groups": 3}, [tensor(4, 8, 8)], "AS402", "groups", "`in_channels` 4", "1, 2, 4"),
    ("GroupNorm", {"num_groups": 3}, [tensor(8, 4, 4)], "AS402", "num_groups", "8 % 3 = 2", "1, 2, 4, 8"),
    ("MaxPool2d", {"kernel_size": 2, "padding": 2}, [tensor(4, 7, 7)], "AS402", "padding", "half", "0 to 1"),
    ("Upsample", {}, [tensor(4, 7, 7)], "AS402", None, "exactly one", "scale_factor: 2"),
    ("Upsample", {"size": 2, "scale_factor": 2}, [tensor(4, 7, 7)], "AS402", "scale_factor", "found both", "size"),
    ("Upsample", {"size": 2, "mode": "linear"}, [tensor(4, 7, 7)], "AS402", "mode", "[N, C, L]", "mode: bilinear"),
    ("GLU", {"dim": 1}, [tensor(7, 4)], "AS402", "dim", "7 is odd", "even"),
    ("Unflatten", {"dim": 1, "unflattened_size": [3, 3]}, [tensor(8)], "AS402", "unflattened_size", "3 · 3", "-1"),
]


@pytest.mark.parametrize(("kind", "written", "inputs", "code", "arg", "words", "help"), CASES)
def test_each_fault_has_its_code_place_and_mend(kind, written, inputs, code, arg, words, help) -> None:
    found = fault(kind, written, *inputs)
    assert (found.code, found.arg) == (code, arg)
    assert words in found.message
    assert help in found.help


def test_independent_faults_are_all_told_and_dependent_ones_not() -> None:
    written = {"out_channels": 8, "kernel_size": [3, 0], "groups": 0, "kernal": 1, "padding": 99}
    found = faults("Conv2d", written, tensor(3, 8, 8), tensor(3, 8, 8))
    assert [(each.code, each.arg) for each in found] == [
        ("AS401", "kernel_size"),
        ("AS401", "groups"),
        ("AS202", "kernal"),
        ("AS308", None),
    ]
    assert found[0].index == 1


def test_an_inferred_size_that_was_refused_is_no_contradiction_as_well() -> None:
    assert fault("Conv2d", CONV | {"in_channels": 0}, tensor(3, 8, 8)).code == "AS401"


@pytest.mark.parametrize(
    ("kind", "written", "given"),
    [
        ("Linear", {"out_features": 3, "in_features": 9}, tensor(8)),
        ("Conv2d", CONV | {"in_channels": 9}, tensor(3, 8, 8)),
        ("PReLU", {"num_parameters": 5}, tensor(8, 4)),
        ("Conv2d", CONV | {"padding": "smae"}, tensor(3, 8, 8)),
        ("Conv2d", CONV | {"groups": "1"}, tensor(3, 8, 8)),
        ("Upsample", {"scale_factor": 2, "mode": "trilinear"}, tensor(3, 8, 8)),
    ],
)
def test_a_suggestion_mends_the_fault(kind, written, given) -> None:
    found = fault(kind, written, given)
    apply(CATALOGUE[kind], written | {found.arg: found.suggestion}, (given,))


def test_a_width_that_is_meant_can_be_written() -> None:
    given = tensor(32, 9, 7, images=True)
    assert output("Linear", {"out_features": 3, "in_features": 7}, given).shape == (N, 32, 9, 3)
    assert output("LayerNorm", {"normalized_shape": [9, 7]}, given) == given
    assert output("Linear", {"out_features": 3}, tensor(32, 9, 7)).shape == (N, 32, 9, 3)


@pytest.mark.parametrize("kind", ["Conv2d", "MaxPool2d", "BatchNorm2d", "Upsample", "ZeroPad2d", "AdaptiveAvgPool2d"])
def test_layers_of_images_say_that_they_are_images(kind: str) -> None:
    written = {arg.name: arg.example for arg in CATALOGUE[kind].args if arg.is_required}
    image = output(kind, written | ({"scale_factor": 2} if kind == "Upsample" else {}), tensor(3, 8, 8))
    assert image.channels_first
    assert output("ReLU", {}, image).channels_first
    assert output("concat", {}, image, image).channels_first
    assert not output("Flatten", {}, image).channels_first


@pytest.mark.parametrize(
    ("shape", "marked"),
    [((1, 28, 28), True), ((3, 8, 32, 32), True), ((224, 224, 3), False), ((128, 64), False), ((784,), False)],
)
def test_a_models_input_is_an_image_where_it_looks_like_one(shape, marked) -> None:
    assert model_input(tensor(*shape)).channels_first is marked


def test_a_small_or_narrow_image_is_not_taken_for_channels_last() -> None:
    for shape in [(64, 8, 3), (64, 32, 1), (3, 32, 3)]:
        output("Conv2d", {"out_channels": 8, "kernel_size": 1}, tensor(*shape))
    output("Conv2d", {"out_channels": 8, "kernel_size": 1}, tensor(32, 32, 3, images=True))


@pytest.mark.parametrize(
    ("kind", "written", "given", "shape"),
    [
        ("Flatten", {"start_dim": 0}, tensor(8, 4), (Batch(32),)),
        ("Unflatten", {"dim": 0, "unflattened_size": [-1, 8]}, TensorType((Batch(32), 4)), (Batch(4), 8, 4)),
        ("GLU", {"dim": 0}, TensorType((Batch(4), 8)), (Batch(2), 8)),
    ],
)
def test_the_batch_stays_a_symbol(kind, written, given, shape) -> None:
    assert output(kind, written, given).shape == shape


def test_a_split_of_the_batch_that_depends_on_its_size_is_refused() -> None:
    written = {"dim": 0, "unflattened_size": [-1, 3]}
    assert fault("Unflatten", written, TensorType((Batch(4), 8))).code == "AS402"
