"""A safetensors file's header: every tensor's place, checked against the file's own size. No torch is needed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, TypeGuard

from archspec.errors import clip
from archspec.weights.contents import SIZES, Contents, Damaged, Stored

LARGEST_HEADER = 8 * 2**20
_MOST_SIZES = 64
_LARGEST_SIZE = 2**63
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "C64": "complex64",
    "BOOL": "bool",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}


def looks_like_safetensors(start: bytes, size: int) -> bool:
    """Whether a file may be one: a length and then a JSON object."""
    return len(start) > 8 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") < max(size, 2**40)


def inspect_safetensors(file: BinaryIO, path: str, size: int) -> Contents:
    """What the file holds.

    Raises:
        Damaged: its header is cut off or no header, or a tensor does not lie where and as long as it says.
    """
    length = int.from_bytes(file.read(8), "little")
    if length > size - 8:
        raise Damaged(f"is cut off: its header has {length:,} bytes, the file {size:,}", "copy or download it again")
    if length > LARGEST_HEADER:
        raise Damaged(f"has a header of {length:,} bytes; at most {LARGEST_HEADER:,} are read")
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError):
        raise Damaged("has a header that is not JSON") from None
    if not isinstance(header, dict):
        raise Damaged("has a header that is no JSON object")
    metadata = _metadata(header.pop("__metadata__", None))
    spans: list[tuple[int, int, str]] = []
    tensors: dict[str, Stored] = {}
    for name, entry in header.items():
        tensors[name], begin, end = _stored(name, entry)
        spans.append((begin, end, name))
    _check_layout(spans, size - 8 - length)
    offsets = {name: 8 + length + begin for begin, _, name in spans}
    return Contents(path, "safetensors", tensors, metadata=metadata, offsets=offsets)


def _metadata(found: Any) -> Mapping[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Damaged("has metadata that is not made of texts")
    return found


def _stored(name: str, entry: Any) -> tuple[Stored, int, int]:
    if not isinstance(entry, dict):
        raise Damaged(f"has no place for {_shown(name)}")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise Damaged(f"has no shape or place for {_shown(name)}")
    type_ = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if type_ is None:
        message = f"has elements of type `{clip(str(dtype))}` in {_shown(name)}, which archspec does not read"
        raise Damaged(message, code="AS452")
    begin, end = offsets
    needed = math.prod(shape) * SIZES[type_]
    if needed != end - begin:
        told = f"{_shown(name)} has the shape {clip(str(shape))}, {needed:,} bytes, but gives it {end - begin:,}"
        raise Damaged(f"says that {told}")
    return Stored(tuple(shape), type_), begin, end


def _shown(name: str) -> str:
    return f"its tensor `{clip(name)}`"


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    if not isinstance(value, list) or len(value) > _MOST_SIZES:
        return False
    return set(map(type, value)) <= {int} and min(value, default=0) >= 0 and max(value, default=0) < _LARGEST_SIZE


def _check_layout(spans: list[tuple[int, int, str]], room: int) -> None:
    """One tensor behind the other, from the first byte to the last, as the format demands."""
    at = 0
    for begin, end, name in sorted(spans):
        if begin != at:
            raise Damaged(f"has a gap or an overlap before its tensor `{clip(name)}`")
        at = end
    if at > room:
        raise Damaged(f"is cut off: its tensors take {at:,} bytes, and {room:,} are there", "copy or download it again")
    if at < room:
        raise Damaged(f"has {room - at:,} bytes behind its last tensor")
