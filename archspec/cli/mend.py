"""`archspec check --fix`: the safe edits of a spec's faults, applied until there are none left."""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from collections.abc import Iterable, Sequence

import archspec
from archspec.cli.specs import Found
from archspec.errors import Diagnostic, Edit, SourceText, UsageError, clip, plural, printable
from archspec.records import record

_MOST_ROUNDS = 50
_MARK = b"\xef\xbb\xbf"


@record
class Mended:
    """A spec before and after.

    Attributes:
        path: the file.
        before: its text; None where nothing could be mended.
        after: the text with the edits in it.
        codes: the faults that were mended, in the order in which they were.
        examination: what is to say about the text as it is now.
        original: what was to say about it before.
    """

    path: str
    before: str | None
    after: str | None
    codes: tuple[str, ...]
    examination: archspec.Examination
    original: archspec.Examination

    def told(self) -> str:
        """`mended net.yaml: AS201` and each changed line as it was and as it is."""
        if self.before is None or self.after is None:
            return ""
        old, new = self.before.splitlines(), self.after.splitlines()
        lines = [f"mended {self.path}: {plural(len(self.codes), 'fault')} ({', '.join(dict.fromkeys(self.codes))})"]
        for tag, begin, end, other, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                lines += [f"  {number + 1} - {printable(old[number])}" for number in range(begin, end)]
                lines += [f"  {number + 1} + {printable(new[number])}" for number in range(other, last)]
        return "\n".join(lines) + "\n"

    def diff(self) -> str:
        """The same as a unified diff, which `patch -p0` applies."""
        if self.before is None or self.after is None:
            return ""
        old, new = (text.splitlines(keepends=True) for text in (self.before, self.after))
        lines = difflib.unified_diff(old, new, self.path, self.path)
        return "".join(
            line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def mend(path: str, settings: Sequence[str], allow_roots: Sequence[str] = ()) -> Mended:
    """Apply the safe edits, check again, and so on; nothing is written."""
    original = examination = archspec.examine(path, set=settings, allow_roots=allow_roots)
    before = after = None
    codes: list[str] = []
    seen: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        chosen = _applicable(examination.diagnostics, path, after)
        if not chosen:
            break
        text = chosen[0][1].span.source.text
        before = text if before is None else before
        after = _applied(text, [edit for _, edit in chosen])
        if after in seen:
            break
        seen.add(after)
        codes += [code for code, _ in chosen]
        examination = archspec.examine(SourceText(path, after), set=settings, allow_roots=allow_roots)
    return Mended(path, before, after, tuple(codes), examination, original)


def _applicable(diagnostics: Iterable[Diagnostic], path: str, text: str | None) -> list[tuple[str, Edit]]:
    """The safe edits of this very text with their faults' codes, in its order; of those that overlap, the first."""
    edits = [
        (diagnostic.code, diagnostic.edit)
        for diagnostic in diagnostics
        if diagnostic.edit is not None
        and diagnostic.edit.safe
        and diagnostic.edit.span.source.name == path
        and diagnostic.edit.span.source.included is None
        and text in (None, diagnostic.edit.span.source.text)
    ]
    edits.sort(key=lambda pair: (pair[1].span.start, pair[1].span.end))
    chosen: list[tuple[str, Edit]] = []
    free = 0
    for code, edit in edits:
        if edit.span.start >= free:
            chosen.append((code, edit))
            free = max(edit.span.end, edit.span.start + 1)
    return chosen


def _applied(text: str, edits: Sequence[Edit]) -> str:
    newline = "\r\n" if "\r\n" in text and "\n" not in text.replace("\r\n", "") else "\n"
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.text.replace("\n", newline) + text[edit.span.end :]
    return text


def write_mended(found: Found, mended: Mended) -> None:
    """Put the new text in the file's place, whole or not at all; permissions, byte order mark and line ends stay.

    Raises:
        UsageError: AS705, the file is a link out of its folder, may not be written, or has changed meanwhile.
    """
    if mended.before is None or mended.after is None:
        return
    target = os.path.realpath(found.path)
    if os.path.islink(found.path) and not _is_inside(target, os.path.realpath(found.root)):
        raise _refused(found.path, f"it is a link to `{clip(target, 200)}`, outside of its folder")
    try:
        _replace(found.path, target, mended.before, mended.after)
    except OSError as error:
        raise _refused(found.path, (error.strerror or str(error)).lower()) from None


def _is_inside(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _replace(path: str, target: str, before: str, after: str) -> None:
    with open(target, "rb") as file:
        content = file.read()
        mode = os.fstat(file.fileno())
    if content.removeprefix(_MARK) != before.encode():
        raise _refused(path, "it has changed since it was checked")
    if not mode.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise _refused(path, "it is read-only")
    mark = _MARK if content.startswith(_MARK) else b""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".archspec-")
    try:
        with open(handle, "wb") as file:
            file.write(mark + after.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, stat.S_IMODE(mode.st_mode))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _refused(path: str, reason: str) -> UsageError:
    return UsageError(Diagnostic("AS705", f"`{clip(path, 200)}` cannot be mended: {reason}", help="see `--diff`"))
