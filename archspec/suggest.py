"""Did-you-mean: the known names nearest to a misspelt one, at a bounded cost whatever is asked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from archspec.errors import Edit, Span

_LONGEST_WORD = 64
_MOST_CANDIDATES = 2_000
_MOST_COMPARED = 64
_SHORTEST_SLIP = 4
_SHORTEST_BEGINNING = 3


def nearest(word: str, candidates: Iterable[str], limit: int = 1) -> list[str]:
    """The candidates that `word` was probably meant to be, the nearest first.

    Nearness is the Damerau–Levenshtein distance in its optimal string alignment form (insertions,
    deletions, substitutions, swaps of neighbours), of the words without case, `_` and `-`; those
    differences only break ties, after the length of the common start. About one edit in three characters is allowed,
    and a first capital, which tells a layer from a function, counts as one where the words differ otherwise too.

    Args:
        word: what was written; a word longer than 64 characters is nobody's typing error.
        candidates: the names that exist; those after the first 2,000 are not looked at, and of those only the 64 that
            begin most like the word are compared with it letter by letter.
        limit: how many to return at most.
    """
    if not word or len(word) > _LONGEST_WORD:
        return []
    plain = _folded(word)
    allowed = max(1, len(plain) // 3) if len(plain) > 1 else 0
    found: list[tuple[int, int, int, str]] = []
    for candidate in _likeliest(word, plain, dict.fromkeys(islice(candidates, _MOST_CANDIDATES)), allowed):
        distance = _distance(plain, _folded(candidate), allowed)
        distance += distance > 0 and _is_capital(word) != _is_capital(candidate)
        if distance <= allowed:
            exact = _distance(word, candidate, _LONGEST_WORD)
            found.append((distance, -_common_start(word, candidate), exact, candidate))
    return [candidate for *_, candidate in sorted(found)[:limit]]


def completed(word: str, candidates: Iterable[str]) -> str | None:
    """The one shortest name that goes on from the word: `Ident` for `Identity`."""
    plain = _folded(word)
    if not _SHORTEST_BEGINNING <= len(plain) <= _LONGEST_WORD:
        return None
    known = islice(candidates, _MOST_CANDIDATES)
    longer = [name for name in known if _folded(name).startswith(plain) and _is_capital(name) == _is_capital(word)]
    least = min(map(len, longer), default=0)
    shortest = [name for name in longer if len(name) == least]
    return shortest[0] if len(shortest) == 1 else None


def _likeliest(word: str, plain: str, candidates: Iterable[str], allowed: int) -> list[str]:
    letters = set(plain)
    likely = [
        candidate
        for candidate in candidates
        if abs(len(candidate) - len(word)) <= allowed + 2
        and len(candidate) <= _LONGEST_WORD
        and candidate != word
        and len(letters.difference(candidate.casefold())) <= allowed
    ]
    if len(likely) <= _MOST_COMPARED:
        return likely
    half, few = word[: len(word) // 2], word[:3]
    return sorted(likely, key=lambda other: (not other.startswith(half), not other.startswith(few)))[:_MOST_COMPARED]


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """A help line, "did you mean `width`?", or None where nothing is near."""
    found = nearest(word, candidates)
    return f"did you mean `{found[0]}`?" if found else None


def respelled(span: Span, word: str, meant: str, candidates: Iterable[str]) -> Edit:
    """The edit of a did-you-mean; a safe one where `meant` is the only candidate that `word` is a slip of."""
    return Edit(span, meant, safe=is_slip(word, meant, candidates))


def is_slip(word: str, meant: str, candidates: Iterable[str]) -> bool:
    """Whether `word` can only be a misspelt `meant`: at most one edit away, in letters, as no other candidate is.

    Short words are never sure, nor are digits: `Conv4d` is no slip of `Conv3d`. A capital tells layer from function,
    unless the first letter is the wrong one.
    """
    plain, target = _folded(word), _folded(meant)
    if len(word) > _LONGEST_WORD or min(len(plain), len(target)) < _SHORTEST_SLIP or _digits(word) != _digits(meant):
        return False
    distance = _distance(plain, target, 1)
    tells = word[:1].casefold() == meant[:1].casefold() and _is_capital(meant) == _is_capital(word)
    if distance and _is_capital(word) != _is_capital(meant):
        return False
    return distance <= 1 and not any(
        other not in (meant, word)
        and len(other) <= _LONGEST_WORD
        and _digits(other) == _digits(word)
        and not (tells and _is_capital(other) != _is_capital(word))
        and _distance(plain, _folded(other), distance) <= distance
        for other in islice(candidates, _MOST_CANDIDATES)
    )


def _is_capital(word: str) -> bool:
    return word[:1].isupper()


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _common_start(left: str, right: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "") or word


def _distance(left: str, right: str, allowed: int) -> int:
    """The distance, or any number above `allowed` where it is more than that.

    A column of the usual table is two words of bits, as in Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and
    Damerau Edit Distances" (2003): what is above and below, one more (`more`) or one less (`less`).
    """
    if abs(len(left) - len(right)) > allowed or len(set(left) - set(right)) > allowed:
        return allowed + 1
    if not left:
        return len(right)
    places: dict[str, int] = {}
    for index, letter in enumerate(left):
        places[letter] = places.get(letter, 0) | 1 << index
    whole, last = (1 << len(left)) - 1, 1 << len(left) >> 1
    more, less, diagonal, before, distance = whole, 0, 0, 0, len(left)
    for letter in right:
        here = places.get(letter, 0)
        swapped = (~diagonal & here) << 1 & before
        diagonal = (((here & more) + more) ^ more) | here | less | swapped
        right_more, right_less = less | ~(diagonal | more) & whole, diagonal & more
        distance += bool(right_more & last) - bool(right_less & last)
        right_more = right_more << 1 | 1
        more = (right_less << 1 | ~(diagonal | right_more)) & whole
        less, before = right_more & diagonal & whole, here
    return distance
