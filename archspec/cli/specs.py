"""Which files a command line means: files as named, folders as far as their files look like specs, `-` for stdin."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from archspec.errors import Diagnostic, SpecError, clip
from archspec.records import record

STDIN = "-"
_SUFFIXES = (".yaml", ".yml", ".json")
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv"})
_MOST_BYTES = 4 * 2**20
_TOP_KEY = re.compile(rb"""^["']?archspec["']?[ \t]*:""", re.MULTILINE)
_FLOW = re.compile(rb"(?:\s|\#[^\n]*\n|---\s)*\{")
_TOKEN = re.compile(rb"""(?P<key>["']?archspec["']?(?=\s*:))|"(?:[^"\\]|\\.)*"|[{}\[\]]""", re.DOTALL)


@record
class Found:
    """A spec file.

    Attributes:
        path: as it is told.
        root: the folder that was named, or that the named file is in; what `--fix` writes stays inside it.
    """

    path: str
    root: str

    @property
    def name(self) -> str:
        """What the spec is called."""
        return "<stdin>" if self.path == STDIN else self.path

    def source(self) -> str | BinaryIO:
        """What the public functions read it from."""
        return spec_source(self.path)


def spec_source(path: str) -> str | BinaryIO:
    """The path, or standard input for `-`."""
    return sys.stdin.buffer if path == STDIN else path


def find_specs(paths: Sequence[str], *, only_specs: bool = False) -> Iterator[Found | Diagnostic]:
    """Every spec once, in the order of the arguments; a folder's in order of their paths.

    Args:
        paths: files, folders, and `-` for standard input.
        only_specs: leave out files that do not look like specs, as in folders.

    Yields:
        A diagnostic (AS016) for a folder without specs.
    """
    seen: set[str] = set()
    for path in paths:
        if only_specs and os.path.isfile(path) and not _is_spec(path):
            continue
        inside = _in_folder(path) if path != STDIN and os.path.isdir(path) else iter([Found(path, _parent(path))])
        count = 0
        for found in inside:
            count += 1
            key = found.path if found.path == STDIN else os.path.abspath(found.path)
            if key not in seen:
                seen.add(key)
                yield found
        if count == 0:
            message = f"there is no spec in the folder `{clip(path, 200)}`"
            help = "in folders, files that end in .yaml, .yml or .json and have a key `archspec` are checked"
            yield Diagnostic("AS016", message, help=help)


def one_spec(path: str) -> str | BinaryIO:
    """What `build` and `train` take: a file, or standard input.

    Raises:
        SpecError: it is a folder, which may hold several.
    """
    if path != STDIN and os.path.isdir(path):
        inside = ", ".join(f"`{found.path}`" for found in islice(_in_folder(path), 3))
        help = f"give one of its specs: {inside}" if inside else "give the path of a spec file"
        raise SpecError([Diagnostic("AS002", f"`{clip(path, 200)}` is a directory, not a file", help=help)])
    return spec_source(path)


def looks_like_spec(content: bytes) -> bool:
    """Whether the text has a key `archspec` at its top level. Wrong texts are told as well as right ones."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if _FLOW.match(content) is None:
        return _TOP_KEY.search(content) is not None
    depth = 0
    for token in _TOKEN.finditer(content):
        sign = token.group()
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth -= 1
        elif depth == 1 and token.group("key"):
            return True
    return False


def _parent(path: str) -> str:
    return os.path.dirname(path) or "."


def _in_folder(folder: str) -> Iterator[Found]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_entered(path, name))
        for name in sorted(files):
            inner = os.path.join(path, name)
            if name.lower().endswith(_SUFFIXES) and not name.startswith(".") and _is_spec(inner):
                yield Found(os.path.normpath(inner), folder)


def _is_entered(path: str, name: str) -> bool:
    """Not hidden, not another program's; `os.walk` itself leaves links to folders alone."""
    if name.startswith(".") or name in _SKIPPED:
        return False
    return not os.path.exists(os.path.join(path, name, "pyvenv.cfg"))


def _is_spec(path: str) -> bool:
    """A regular file that looks like a spec; one that cannot be read may be one, and its check says why it cannot."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return looks_like_spec(file.read(_MOST_BYTES))
    except PermissionError:
        return True
    except OSError:
        return False
