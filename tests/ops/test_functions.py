"""What the rules of functions say: codes, messages, and helps that mend."""

from __future__ import annotations

from typing import Any

import pytest

import archspec
from archspec.ops.apply import apply
from archspec.ops.faults import RuleFault, RuleFaults
from archspec.ops.refused import REFUSED
from archspec.ops.registry import CATALOGUE
from archspec.tensors import Batch, N, TensorType


def given(*shape: Any, dtype: str = "float32") -> TensorType:
    return TensorType((N, *shape), dtype)


def fault_of(kind: str, written: dict[str, Any], *inputs: TensorType) -> RuleFault:
    with pytest.raises(RuleFaults) as caught:
        apply(CATALOGUE[kind], written, inputs)
    (fault,) = caught.value.faults
    return fault


FAULTS = [
    ("reshape", {"shape": ["N", 65, 64]}, (given(4096),), "AS402", "the 4096 elements per sample cannot become 65×64"),
    ("reshape", {"shape": ["N", -1, -1]}, (given(12),), "AS402", "two sizes of -1"),
    ("reshape", {"shape": [2, -1]}, (given(3),), "AS402", "cannot become 2"),
    ("permute", {"dims": [0, 1]}, (given(3, 4),), "AS402", "each of the 3 dimensions"),
    ("permute", {"dims": [0, 1, 1]}, (given(3, 4),), "AS402", "names dimension 1 twice"),
    ("transpose", {"dim0": 1, "dim1": 3}, (given(3, 4),), "AS307", "`dim1: 3` is out of range"),
    ("squeeze", {"dim": 1}, (given(3),), "AS402", "its size is 3"),
    ("expand", {"size": ["N", 4]}, (given(3),), "AS402", "only a size of 1 can be expanded"),
    ("split", {"split_size_or_sections": [1, 2], "dim": 1}, (given(4),), "AS402", "add up to 3"),
    ("chunk", {"chunks": 2}, (given(4),), "AS402", "for every batch size"),
    ("select", {"dim": 1, "index": 4}, (given(4),), "AS402", "has 4 places"),
    ("slice", {"dim": 1, "start": 4}, (given(4),), "AS303", "empty"),
    ("topk", {"k": 5}, (given(4),), "AS402", "more than the 4 places"),
    ("mean", {"dim": 2}, (given(4),), "AS307", "`dim: 2` is out of range"),
    ("mean", {}, (given(4),), "AS203", "needs `dim`"),
    ("one_hot", {"num_classes": 3}, (given(4),), "AS306", "int64 classes"),
    ("masked_fill", {"value": 0}, (given(4), given(4)), "AS306", "booleans as its mask"),
    ("matmul", {}, (given(3, 4), given(5, 6)), "AS304", "the last dimension of the first is 4"),
    ("matmul", {}, (given(2, 3, 4), given(5, 4, 6)), "AS304", "the dimensions before the matrices differ"),
    ("einsum", {"equation": "bij,bjk->bik"}, (given(3, 4), given(5, 6)), "AS402", "gives `j` the sizes 4 and 5"),
    ("einsum", {"equation": "bij,bjk->bil"}, (given(3, 4), given(4, 6)), "AS402", "`l` in its output only"),
    ("einsum", {"equation": "...j,jk"}, (given(3, 4), given(4, 6)), "AS401", "a letter for every dimension"),
    ("crop", {"height": 9, "width": 4}, (given(3, 8, 8),), "AS402", "cuts 9 out of a height of 8"),
    ("pad", {"pad": [1, 1, 1, 1], "mode": "reflect"}, (given(3, 1, 8),), "AS402", "less than the size it pads"),
    ("mul", {"broadcast": True}, (given(3, 4), given(2, 4)), "AS304", "cannot broadcast"),
    ("mul", {"broadcast": True}, (given(1), TensorType((1, N))), "AS304", "the batch in two dimensions"),
    ("rearrange", {"pattern": "n c -> n (c d)"}, (given(4),), "AS402", "`d` stands on the right only"),
    ("rearrange", {"pattern": "n (a b) -> n a b"}, (given(4),), "AS402", "the sizes of `a`, `b` are not known"),
    ("rearrange", {"pattern": "n (a b) -> n a b", "a": 3}, (given(4),), "AS402", "but the sizes make 3"),
    ("rearrange", {"pattern": "n c -> (n c", "c": 4}, (given(4),), "AS402", "imbalanced parentheses"),
    ("rearrange", {"pattern": "n c -> n c", "class": 4}, (given(4),), "AS402", "`class` is no axis"),
    ("repeat_axis", {"pattern": "n c -> n c r"}, (given(4),), "AS402", "`r` is new and has no size"),
    ("reduce", {"pattern": "n c -> c n", "reduction": "sum"}, (given(4),), "AS402", "no axis is reduced"),
]


@pytest.mark.parametrize(("kind", "written", "inputs", "code", "words"), FAULTS)
def test_faults(kind: str, written: dict[str, Any], inputs: tuple[TensorType, ...], code: str, words: str) -> None:
    fault = fault_of(kind, written, *inputs)
    assert fault.code == code
    assert words in fault.message
    assert fault.help


def test_an_einops_fault_repeats_pattern_shape_and_sizes() -> None:
    fault = fault_of("rearrange", {"pattern": "n (h d) c -> n h d c", "h": 5}, given(8, 3))
    assert '"n (h d) c -> n h d c" with h=5' in fault.message
    assert "[N, 8, 3]" in fault.message


SHAPES = [
    ("reshape", {"shape": [-1, 64, 3]}, (given(8, 8, 64, 3),), (Batch(64), 64, 3)),
    ("reshape", {"shape": ["N", 8, -1, 3]}, (TensorType((Batch(64), 64, 3)),), (N, 8, 512, 3)),
    ("rearrange", {"pattern": "n (h a) (w b) -> (n h w) a b", "a": 4, "b": 2}, (given(8, 8),), (Batch(8), 4, 2)),
    ("rearrange", {"pattern": "(n w) a -> n w a", "w": 64}, (TensorType((Batch(64), 5)),), (N, 64, 5)),
    ("rearrange", {"pattern": "n ... c -> n c ..."}, (given(4, 5, 6),), (N, 6, 4, 5)),
    ("repeat_axis", {"pattern": "n 1 c -> n 3 c"}, (given(1, 6),), (N, 3, 6)),
    ("chunk", {"chunks": 2}, (TensorType((Batch(2), 6)),), (N, 6)),
    ("add", {}, (given(4, 6), TensorType((1, 4, 6))), (N, 4, 6)),
    ("add", {}, (TensorType((4, 6)), given(4, 6)), (N, 4, 6)),
    ("matmul", {}, (given(5, 4), TensorType((4, 6))), (N, 5, 6)),
    ("crop", {"height": 3, "width": 3}, (given(2, 8, 8),), (N, 2, 3, 3)),
]


@pytest.mark.parametrize(("kind", "written", "inputs", "shape"), SHAPES)
def test_shapes_with_the_batch(
    kind: str, written: dict[str, Any], inputs: tuple[TensorType, ...], shape: tuple[Any, ...]
) -> None:
    assert apply(CATALOGUE[kind], written, inputs).outputs[0].shape == shape


@pytest.mark.parametrize("kind", ["reshape", "rearrange", "affine_grid"])
def test_no_batch_size_is_in_the_code(kind: str) -> None:
    written: dict[str, Any] = {
        "reshape": {"shape": ["2*N", 2]},
        "rearrange": {"pattern": "n (a b) -> (n a) b", "a": 2},
        "affine_grid": {"size": ["N", 1, 5, 5]},
    }[kind]
    inputs = given(2, 3) if kind == "affine_grid" else given(4)
    op = CATALOGUE[kind]
    assert op.code is not None
    code = op.code(apply(op, written, (inputs,)).args, ("x",))
    assert "N" not in code
    assert ("-1" in code) == (kind == "reshape")


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused_by_name_says_why(kind: str) -> None:
    assert kind not in CATALOGUE
    diagnostics = archspec.check(f"archspec: 1\ninput: [4]\nlayers:\n  a: {{{kind}: {{}}}}\n")
    (diagnostic,) = diagnostics
    assert diagnostic.code == "AS201"
    assert REFUSED[kind][0] in diagnostic.message
    assert diagnostic.help == REFUSED[kind][1]


@pytest.mark.parametrize("value", ["[N, $features]", "[N, 2, $half]", "[-1, $features]"])
def test_a_list_with_variables_is_a_size_and_names_no_inputs(value: str) -> None:
    text = f"archspec: 1\ninput: [2, 3]\nvars: {{features: 6, half: 3}}\nlayers:\n  r: {{reshape: {value}}}\n"
    assert not archspec.check(text)
