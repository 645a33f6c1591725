"""A file of `torch.save` looked into without loading it, and without torch.

Its list of tensors is a pickle, which is read without calling anything; each storage that it names is looked up in the
archive's own directory. What a file claims and does not hold is so found out before a byte is allocated for it. The
values are loaded by torch later.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

from archspec.weights.contents import Damaged, Stored
from archspec.weights.torch_pickle import Tensor, unpickled

LARGEST_PICKLE = 32 * 2**20
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def is_legacy(start: bytes) -> bool:
    """Whether a file was written by a torch before 1.6, or with its old format."""
    return start.startswith(_LEGACY)


def inspect_torch(file: BinaryIO, size: int) -> Mapping[Any, Any]:
    """The pickled dict, with a `Tensor` for each tensor.

    Raises:
        Damaged: the archive or its pickle is cut off, or its parts do not add up.
        Foreign: it holds more than tensors and plain data.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            records = _records(archive, size)
            root = _root(records)
            records_of_root = {name.removeprefix(root): info for name, info in records.items()}
            _check_kind(archive, records_of_root, root)
            content = archive.read(f"{root}data.pkl")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise Damaged(f"is cut off or damaged: {error}", "copy or download it again") from None
    sizes = {name.removeprefix("data/"): info.file_size for name, info in records_of_root.items()}
    return unpickled(content, sizes)


def stored(tensor: Tensor) -> Stored:
    """What matters of a tensor."""
    return Stored(tensor.shape, tensor.dtype)


def _records(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size for info in infos):
        raise Damaged("is compressed, which `torch.save` never does", "save it again with `torch.save`", "AS452")
    total = sum(info.file_size for info in infos)
    if total > size:
        raise Damaged(f"claims {total:,} bytes of records in a file of {size:,}")
    return {info.filename: info for info in infos}


def _root(records: Mapping[str, zipfile.ZipInfo]) -> str:
    found = [name.removesuffix("data.pkl") for name in records if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(found) != 1:
        help = "`weights` takes a safetensors file, or a state dict written with `torch.save`"
        raise Damaged("is a zip archive, but none of `torch.save`", help, "AS452")
    return found[0]


def _check_kind(archive: zipfile.ZipFile, records: Mapping[str, zipfile.ZipInfo], root: str) -> None:
    if "constants.pkl" in records:
        help = "save its weights alone: `torch.save(torch.jit.load(path).state_dict(), new_path)`"
        raise Damaged("is a TorchScript program, not a state dict", help, "AS452")
    if records["data.pkl"].file_size > LARGEST_PICKLE:
        raise Damaged(f"has a list of tensors of more than {LARGEST_PICKLE:,} bytes")
    if "byteorder" in records and archive.read(f"{root}byteorder")[:8] != b"little":
        raise Damaged("was written on a big-endian machine, which archspec does not read", code="AS452")
