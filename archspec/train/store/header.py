"""A safetensors file's header with its metadata in order: safetensors writes it in another one each time."""

from __future__ import annotations

import json
import struct
from pathlib import Path

_LENGTH = struct.Struct("<Q")


def order_metadata(path: Path) -> None:
    """Sort the metadata of a file that has just been written, in place, so that equal contents are equal bytes."""
    with open(path, "rb+") as file:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        header = json.loads(file.read(length))
        ordered = {"__metadata__": dict(sorted(header.pop("__metadata__", {}).items())), **header}
        text = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        assert len(text) <= length, path  # the same, in another order, without the blanks at its end
        file.seek(_LENGTH.size)
        file.write(text.ljust(length))
