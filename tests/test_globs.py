"""Globs against the standard library's, and their cost."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec import globs

_TEXTS = st.text("ab.0", max_size=8)
_GLOBS = st.lists(st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]", "[0-9]"]), min_size=1, max_size=8).map(
    "".join
)


@given(_GLOBS, _TEXTS)
def test_as_the_standard_library_matches(glob: str, name: str) -> None:
    assert globs.matches(glob, name) == fnmatchcase(name, glob)


@given(_GLOBS, _TEXTS)
def test_what_the_stars_stood_for_makes_the_name_again(glob: str, name: str) -> None:
    found = globs.captured(glob, name)
    if found is None or "?" in glob or "[" in glob:
        return
    while "**" in glob:
        glob = glob.replace("**", "*")
    assert globs.replaced(glob, glob, name) == name
    assert len(found) == glob.count("*") == globs.stars(glob)


@pytest.mark.parametrize(
    ("glob", "target", "name", "made"),
    [
        ("module.*", "*", "module.fc.weight", "fc.weight"),
        ("*", "encoder.*", "fc.weight", "encoder.fc.weight"),
        ("layers.*.attn.*", "h.*.attention.*", "layers.3.attn.q.weight", "h.3.attention.q.weight"),
        ("fc.weight", "head.weight", "fc.weight", "head.weight"),
        ("*.gamma", "*.weight", "norm.gamma", "norm.weight"),
        ("module.*", "*", "fc.weight", None),
        ("old.*", "gone", "old.x", "gone"),
    ],
)
def test_replacing(glob: str, target: str, name: str, made: str | None) -> None:
    assert globs.replaced(glob, target, name) == made


@pytest.mark.parametrize("glob", ["", "a[b", "[9-0]", "[", "[]", "x" * 257])
def test_what_is_no_glob(glob: str) -> None:
    assert globs.fault(glob) is not None
    with pytest.raises(globs.BadGlob):
        globs.matches(glob, "a")


def test_many_stars_cost_no_more_than_pattern_times_name() -> None:
    steps = 0

    class Counted(str):
        def __getitem__(self, key: object) -> str:
            nonlocal steps
            steps += 1
            return str.__getitem__(self, key)  # type: ignore[index]

    glob, name = "a*" * 60 + "b", Counted("a" * 2000)
    assert not globs.matches(glob, name)
    assert steps <= len(glob) * len(name)
