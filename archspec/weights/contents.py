"""What a checkpoint holds, before any of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from archspec.records import record

Format: TypeAlias = Literal["safetensors", "torch"]


@record
class Stored:
    """A tensor in a file: its shape, and its element type by torch's name of it."""

    shape: tuple[int, ...]
    dtype: str


@record
class Contents:
    """A checkpoint that has been looked into: every size in it is proven to be there.

    Attributes:
        path: the file, resolved.
        format: how it is to be loaded.
        tensors: the state dict, by its own names.
        key: the entries that lead to the state dict inside the file, outermost first.
        others: what else stands in the state dict, which is no tensor.
        metadata: what a safetensors file says beside its tensors.
        offsets: where in a safetensors file each tensor starts.
    """

    path: str
    format: Format
    tensors: Mapping[str, Stored]
    key: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    offsets: Mapping[str, int] = field(default_factory=dict)


FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
_BYTES = {
    8: ("float64", "int64", "uint64", "complex64"),
    4: ("float32", "int32", "uint32"),
    2: ("float16", "bfloat16", "int16", "uint16"),
    1: ("int8", "uint8", "bool", *FLOAT8),
    16: ("complex128",),
}
SIZES = {name: size for size, names in _BYTES.items() for name in names}
"""Bytes per element of each element type that is read."""


_INSTEAD = {
    "AS452": "save it once more from the program that wrote it, with `safetensors.torch.save_file`",
    "AS453": "copy or download it again; if it stays so, save it once more with `safetensors.torch.save_file`",
}


class Damaged(Exception):
    """A file whose parts do not add up. The text says which, as the end of a sentence that starts with its name."""

    def __init__(self, message: str, help: str | None = None, code: str = "AS453") -> None:
        super().__init__(message)
        self.help = help or _INSTEAD.get(code)
        self.code = code


def elements(shape: tuple[int, ...]) -> int:
    """How many elements a tensor of that shape has."""
    product = 1
    for size in shape:
        product *= size
    return product
