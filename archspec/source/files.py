"""Spec files: everything about a path is checked before its bytes are taken."""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import BinaryIO

from archspec.errors import Diagnostic, SourceText, SpecError, clip
from archspec.source.characters import BYTE_ORDER_MARK
from archspec.source.home import ZOO
from archspec.source.limits import MAX_BYTES, TENSORS
from archspec.source.zoo_index import zoo_files, zoo_names
from archspec.suggest import nearest

SUFFIXES = (".yaml", ".yml", ".json")
_MOST_SIBLINGS = 2_000
_MOST_NEAR = 3
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_A_FILE = "give the path of a `.yaml` or `.json` file"
_INSTEAD = {"a named pipe": "save what it gives in a file, or pipe it in: `… | archspec check -`"}


def load_file(path: str | os.PathLike[str]) -> SourceText:
    """The text of a spec file, named as the caller named it; a UTF-8 byte order mark is dropped.

    Raises:
        SpecError: there is no such file, it is no regular file, it is larger than 4 MiB, it cannot be read,
            or it is not UTF-8.
    """
    name = os.fspath(path)
    if not isinstance(name, str):
        raise TypeError(f"a path is a str or os.PathLike[str], not {type(name).__name__}")
    _check_before_opening(name)
    return SourceText(name, decoded(name, _bytes_of(name)))


def load_stream(stream: BinaryIO) -> SourceText:
    """The text of an open binary file, such as standard input.

    Raises:
        SpecError: it is larger than 4 MiB, it cannot be read, or it is not UTF-8.
    """
    name = str(getattr(stream, "name", "<stream>"))
    try:
        content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(name, error) from None
    if len(content) > MAX_BYTES:
        raise _refused(
            "AS003", f"`{clip(name, 200)}` has more than {MAX_BYTES:,} bytes, which a spec has at most", TENSORS
        )
    return SourceText(name, decoded(name, content))


def _check_before_opening(name: str) -> None:
    try:
        found = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        raise _refused("AS001", f"there is no file `{clip(name, 200)}`", _help_for_missing(name)) from None
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None
    check_status(name, found)


def check_status(name: str, found: os.stat_result) -> None:
    """Refuse what is no file, or too large a one.

    Raises:
        SpecError: AS002, AS003.
    """
    if not stat.S_ISREG(found.st_mode):
        kind = next((words for test, words in _KINDS if test(found.st_mode)), "something else")
        help = _specs_inside(name) if stat.S_ISDIR(found.st_mode) else _INSTEAD.get(kind, _A_FILE)
        raise _refused("AS002", f"`{clip(name, 200)}` is {kind}, not a file", help)
    if found.st_size > MAX_BYTES:
        raise _too_large(name, found.st_size)


def _bytes_of(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return whole(name, file)
    except OSError as error:
        raise unreadable(name, error) from None


def whole(name: str, file: BinaryIO) -> bytes:
    """All bytes of an open file.

    Raises:
        SpecError: AS003, it has grown too large.
        OSError: it cannot be read.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _too_large(name, len(content))
    return content


def decoded(name: str, content: bytes) -> str:
    """The text of a file's bytes.

    Raises:
        SpecError: AS005, they are not UTF-8.
    """
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "UTF-32"),
        (b"\x00\x00\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ):
        if content.startswith(mark):
            message = f"`{clip(name, 200)}` is not UTF-8: it starts with the byte order mark of {encoding}"
            raise _refused("AS005", message, "save it as UTF-8")
    if b"\x00" in content[:2] and len(content) > 1:  # ASCII text in UTF-16 has a null in every other byte
        message = f"`{clip(name, 200)}` is not UTF-8: every other byte is 0, as in UTF-16"
        raise _refused("AS005", message, "save it as UTF-8")
    try:
        return content.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        byte, line = content[error.start], content.count(b"\n", 0, error.start) + 1
        message = f"`{clip(name, 200)}` is not UTF-8: byte 0x{byte:02X} at offset {error.start} (line {line})"
        raise _refused("AS005", message, "save it as UTF-8") from None


def _help_for_missing(name: str) -> str:
    folder, base = os.path.split(name)
    known = _known_beside(folder)
    stem, suffix = os.path.splitext(base)
    word = stem if suffix.lower() in SUFFIXES else base
    near = [word] if word in known else nearest(word, known, limit=_MOST_NEAR)
    missing = f"there is no folder `{clip(folder, 200)}` either" if folder and not os.path.isdir(folder) else ""
    if not near:
        return missing or f"{_A_FILE}; `archspec list` shows the networks that come with archspec"
    shown = [known[each] for each in near]
    *others, last = (f"`{each}`" for each in shown if each.startswith(ZOO) == shown[0].startswith(ZOO))
    meant = f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
    return f"{missing}; {meant}" if missing else meant


def _known_beside(folder: str) -> dict[str, str]:
    """By what they are called, the specs of a folder and, where it has none of that name, those of the zoo."""
    zoo = {name: ZOO + name for name in [*zoo_files(), *zoo_names()]}
    siblings = {os.path.splitext(name)[0]: os.path.join(folder, name) for name in reversed(spec_names(folder))}
    return siblings | {name: shown for name, shown in zoo.items() if name not in siblings}


def _specs_inside(name: str) -> str | None:
    names = sorted(spec_names(name))
    if not names:
        return "give the path of a spec file"
    shown = ", ".join(f"`{os.path.join(name, inner)}`" for inner in names[:3])
    return f"it holds {shown}" + (f" and {len(names) - 3} more specs" if len(names) > 3 else "")


def spec_names(folder: str) -> list[str]:
    """The names of the spec files in a folder; some of them where there are very many."""
    try:
        with os.scandir(folder or ".") as entries:
            return [entry.name for entry in islice(entries, _MOST_SIBLINGS) if entry.name.lower().endswith(SUFFIXES)]
    except OSError:
        return []


def unreadable(name: str, error: Exception) -> SpecError:
    """AS004, with the system's reason."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    help = "see that you may read it, and every folder on its way" if isinstance(error, PermissionError) else _A_FILE
    return _refused("AS004", f"`{clip(name, 200)}` cannot be read: {reason[:1].lower()}{reason[1:]}", help)


def _too_large(name: str, size: int) -> SpecError:
    message = f"`{clip(name, 200)}` has {size:,} bytes; a spec has at most {MAX_BYTES:,}"
    return _refused("AS003", message, TENSORS)


def _refused(code: str, message: str, help: str | None = None) -> SpecError:
    return SpecError([Diagnostic(code, message, help=help)])
