"""Wrong inputs with fixed seeds: success or refusal and nothing else, within the limits; what was found, replayed.

The watchdog counts the processor's time, so that a busy machine does not fail it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import SourceText
from archspec.source.home import Home
from tests.fuzz import watch
from tests.fuzz.texts import random_input
from tests.fuzz.texts_campaign import FOUND, shrunk
from tests.fuzz.watch import PATIENT, Wrong, check_bytes


@pytest.mark.parametrize("first", range(0, 1_200, 200))
def test_random_wrong_inputs(first: int) -> None:
    sorts = set()
    for seed in range(first, first + 200):
        made = random_input(seed)
        check_bytes(made.content, made.suffix, PATIENT)
        sorts.add(made.sort)
    assert sorts == {"bytes", "tree", "expressions", "gentle", "overlay", "kinds"}


@pytest.mark.parametrize("path", sorted(FOUND.glob("*")), ids=lambda path: path.name)
def test_what_was_found_stays_mended(path: Path) -> None:
    check_bytes(path.read_bytes(), path.suffix, PATIENT)


def test_another_exception_is_wrong_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: SourceText, home: Home | None = None) -> None:
        if "bad" in text.text:
            raise KeyError("bad")

    monkeypatch.setattr(watch, "compile_text", fail)
    made = random_input(3)._replace(content=b"one: bad\ntwo: 2\n")
    with pytest.raises(Wrong, match="KeyError") as wrong:
        check_bytes(made.content, made.suffix)
    monkeypatch.setattr(watch, "_checked", lambda path: fail(SourceText("", path.read_text())) or ())
    assert shrunk(made, str(wrong.value).partition(":")[0]).strip() == b"bad"


def test_a_hang_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(text: SourceText, home: Home) -> None:
        while True:
            pass

    monkeypatch.setattr(watch, "compile_text", hang)
    with pytest.raises(Wrong, match="more than"):
        check_bytes(b"a: 1\n", ".yaml", 0.05)
