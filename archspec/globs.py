"""Globs over names: `*` any characters, `?` one, `[ab]` or `[0-9]` one of these. No regular expressions anywhere.

A match goes through the name once: what stands between two `*` is looked for from where the piece before it ended, as
the first fit of one piece leaves the most of the name for the rest; with `?` and `[…]`, all ways of fitting go through
it side by side, as the bits of a number.
"""

from __future__ import annotations

from functools import cache

LONGEST_GLOB = 256
_SIGNS = frozenset("*?[")
_STAR = "*"
_LETTERS_OF_ONE_TRY = 32
_MOST_LETTERS = 256


class BadGlob(ValueError):
    """A glob that cannot be read; the text says why."""


def is_glob(text: str) -> bool:
    """Whether the text has a sign of globs in it."""
    return not _SIGNS.isdisjoint(text)


def matches(glob: str, name: str) -> bool:
    """Whether the whole name fits the glob.

    Raises:
        BadGlob: it cannot be read.
    """
    pieces = _pieces(glob)
    return _fits_one_way(_steps(glob), name) if pieces is None else _fits_in_turn(pieces, name)


def cost(name: str) -> int:
    """How much it takes to try a glob on a name; most names take 1."""
    return 1 + len(name) // _LETTERS_OF_ONE_TRY


def _fits_in_turn(pieces: tuple[str, ...], name: str) -> bool:
    """Whether the name is made of the pieces, in order, with anything between each two."""
    if len(pieces) == 1:
        return name == pieces[0]
    first, last = pieces[0], pieces[-1]
    if not name.startswith(first) or not name.endswith(last):  # most are told apart by this
        return False
    at, end = len(first), len(name) - len(last)
    if at > end:
        return False
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


class _Steps:
    """A glob's signs but its stars, and for each letter the bits of those that it fits.

    Attributes:
        loops: bit n: any letters may stand between the sign n and the one before it.
        end: the bit of the end.
    """

    def __init__(self, parts: tuple[str, ...]) -> None:
        self._signs: list[str] = []
        self._masks: dict[str, int] = {}
        self.loops = 0
        for part in parts:
            if part == _STAR:
                self.loops |= 1 << len(self._signs)
            else:
                self._signs.append(part)
        self.end = 1 << len(self._signs)

    def mask(self, letter: str) -> int:
        """The signs that the letter fits."""
        found = self._masks.get(letter)
        if found is None:
            found = sum(1 << at for at, sign in enumerate(self._signs) if _fits(sign, letter))
            if len(self._masks) < _MOST_LETTERS:
                self._masks[letter] = found
        return found


def _fits_one_way(steps: _Steps, name: str) -> bool:
    """Whether some way of fitting reaches the end: a bit is how many signs have been passed."""
    passed = 1
    for letter in name:
        passed = (passed & steps.mask(letter)) << 1 | passed & steps.loops
    return bool(passed & steps.end)


def captured(glob: str, name: str) -> tuple[str, ...] | None:
    """What each `*` of the glob stands for in a name; None where the name does not fit. Each but the last takes as
    little as it can.

    Raises:
        BadGlob: it cannot be read.
    """
    parts = _parts(glob)
    starts: list[int] = []
    ends: list[int] = []
    at = part = 0
    retry: tuple[int, int] | None = None  # the part behind the last star passed, and how far that star reaches
    while at < len(name) or part < len(parts):
        if part < len(parts) and parts[part] == _STAR:
            starts.append(at)
            ends.append(at)
            part += 1
            retry = (part, at)
        elif part < len(parts) and at < len(name) and _fits(parts[part], name[at]):
            at, part = at + 1, part + 1
        elif retry is not None and retry[1] < len(name):
            part, at = retry[0], retry[1] + 1
            ends[-1] = at
            retry = (part, at)
        else:
            return None
    return tuple(name[start:end] for start, end in zip(starts, ends, strict=True))


def replaced(glob: str, target: str, name: str) -> str | None:
    """The name as a rule `glob: target` makes it: each `*` of the target is what the glob's `*` in that place stood
    for. None where the name does not fit."""
    found = captured(glob, name)
    if found is None:
        return None
    pieces = target.split(_STAR)
    return "".join(piece + (found[index] if index < len(pieces) - 1 else "") for index, piece in enumerate(pieces))


def fault(glob: str) -> str | None:
    """Why a text is no glob, as the end of a sentence; None where it is one."""
    try:
        _parts(glob)
    except BadGlob as error:
        return str(error)
    return None


def stars(glob: str) -> int:
    """How many `*` it has, runs of them counted once."""
    return sum(part == _STAR for part in _parts(glob))


@cache
def _pieces(glob: str) -> tuple[str, ...] | None:
    """What stands between its stars; None where that is not only letters."""
    parts = _parts(glob)
    if any(part == "?" or len(part) > 1 for part in parts):
        return None
    return tuple("".join(parts).split(_STAR))


@cache
def _steps(glob: str) -> _Steps:
    return _Steps(_parts(glob))


@cache
def _parts(glob: str) -> tuple[str, ...]:
    """Its signs, one by one: a letter, `?`, `*`, or the characters of a bracket, `!` before them where excluded,
    after a `[`."""
    if not glob:
        raise BadGlob("is empty")
    if len(glob) > LONGEST_GLOB:
        raise BadGlob(f"has {len(glob):,} characters, more than {LONGEST_GLOB}")
    parts: list[str] = []
    at = 0
    while at < len(glob):
        if glob[at] == "[":
            end = glob.find("]", at + 2)
            if end < 0:
                raise BadGlob("has a `[` without its `]`")
            parts.append("[" + _spelt_out(glob[at + 1 : end]))
            at = end + 1
            continue
        if glob[at] != _STAR or parts[-1:] != [_STAR]:
            parts.append(glob[at])
        at += 1
    return tuple(parts)


def _spelt_out(inside: str) -> str:
    """`0-3x` as `0123x`; a leading `!` stays."""
    sign, letters = ("!", inside[1:]) if inside[:1] == "!" else (" ", inside)
    found = ""
    at = 0
    while at < len(letters):
        if letters[at + 1 : at + 2] == "-" and at + 2 < len(letters):
            first, last = ord(letters[at]), ord(letters[at + 2])
            if not first <= last < 128:
                raise BadGlob(f"has the range `{letters[at : at + 3]}`, which runs backwards or is not ASCII")
            found += "".join(map(chr, range(first, last + 1)))
            at += 3
        else:
            found += letters[at]
            at += 1
    return sign + found


def _fits(part: str, letter: str) -> bool:
    if len(part) == 1:
        return part in ("?", letter)
    return (letter in part[2:]) != (part[1] == "!")
