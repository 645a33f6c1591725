"""The list of a checkpoint's files with their sums, written last: what it says is all there and unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.train.store.durable import sha256

NAME = "manifest.json"
_FORMAT = 1
_LARGEST = 1 << 20


class DamagedError(Exception):
    """Why a checkpoint cannot be used, as the end of a sentence that starts with its name."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Attributes:
    name: of the folder, so that one cannot stand for another.
    files: SHA-256 and size in bytes by file name.
    """

    name: str
    files: Mapping[str, tuple[str, int]]

    def render(self) -> bytes:
        """The file's bytes, which hold their own sum too."""
        body: dict[str, Any] = {
            "format": _FORMAT,
            "name": self.name,
            "files": {name: {"sha256": sum, "bytes": size} for name, (sum, size) in sorted(self.files.items())},
        }
        body["sha256"] = hashlib.sha256(_text(body)).hexdigest()
        return _text(body)


def _text(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, indent=1) + "\n").encode("ascii")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a checkpoint.

    Raises:
        DamagedError: there is none, or not a byte-for-byte right one.
    """
    try:
        with open(folder / NAME, "rb") as file:
            data = file.read(_LARGEST)
        body = json.loads(data)
        files = {str(name): (str(each["sha256"]), int(each["bytes"])) for name, each in body["files"].items()}
        manifest = Manifest(str(body["name"]), files)
    except FileNotFoundError:
        raise DamagedError(f"has no {NAME}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DamagedError(f"has a {NAME} that cannot be read") from None
    if manifest.render() != data or manifest.name != folder.name:
        raise DamagedError(f"has a {NAME} that was changed after it was written")
    return manifest


def verify(folder: Path) -> Manifest:
    """The manifest of a checkpoint, every one of whose files is as it was written.

    Raises:
        DamagedError: with the first file that is not.
    """
    manifest = read_manifest(folder)
    for name, (sum, size) in manifest.files.items():
        path = folder / name
        try:
            if path.stat().st_size != size:
                raise DamagedError(f"has {path.stat().st_size:,} bytes in `{name}` where it was written with {size:,}")
            if sha256(path) != sum:
                raise DamagedError(f"has another SHA-256 for `{name}` than when it was written")
        except FileNotFoundError:
            raise DamagedError(f"lacks `{name}`") from None
        except OSError as error:
            raise DamagedError(f"cannot be read: {error.strerror or error}") from None
    return manifest


def damage_of(folder: Path) -> str | None:
    """Why a checkpoint is not as it was written; None where it is."""
    try:
        verify(folder)
    except DamagedError as damage:
        return str(damage)
    return None
