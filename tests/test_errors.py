"""Diagnostics: places, rendered form, data, and text that would deceive."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archspec.errors import (
    Diagnostic,
    Edit,
    SourceText,
    Span,
    SpecError,
    UsageError,
    clip,
    in_file_order,
    plural,
    printable,
)

TEXT = SourceText("net.yaml", "first: 1\nsecond: [a, b]\n\tthird: 3\n")


def span(marked: str, source: SourceText = TEXT) -> Span:
    start = source.text.index(marked)
    return Span(source, start, start + len(marked))


def test_places_are_counted_from_one() -> None:
    assert (span("first").line, span("first").column) == (1, 1)
    assert (span("[a").line, span("[a").column) == (2, 9)
    assert span("a, b").text == "a, b"
    assert Span(TEXT, len(TEXT.text), len(TEXT.text)).line == 4


@given(st.text(alphabet="ab\n\r", max_size=30), st.data())
def test_places_are_those_of_the_lines(text: str, data: st.DataObject) -> None:
    source = SourceText("x", text)
    offset = data.draw(st.integers(0, len(text)))
    assume(text[max(0, offset - 1) : offset + 1] != "\r\n")  # inside a line break
    before = re.split(r"\r\n|\r|\n", text[:offset])
    assert source.position(offset) == (len(before), len(before[-1]) + 1)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        assert source.line(number) == line


def test_the_whole_form() -> None:
    fault = Diagnostic(
        "AS301",
        "`fc` expects 5",
        span("[a, b]"),
        label="declared here",
        notes=("one", "two"),
        help="write 3",
    )
    assert fault.render() == (
        "error[AS301]: `fc` expects 5\n"
        "  --> net.yaml:2:9\n"
        "  |\n"
        "2 | second: [a, b]\n"
        "  |         ^^^^^^ declared here\n"
        "    note: one\n"
        "    note: two\n"
        "    help: write 3"
    )


def test_without_a_place_or_anything_else() -> None:
    assert Diagnostic("AS001", "no file").render() == "error[AS001]: no file"
    assert (
        Diagnostic("AS001", "no file", help="x", severity="warning").render() == "warning[AS001]: no file\n   help: x"
    )


def test_colour_changes_nothing_but_colour() -> None:
    fault = Diagnostic("AS301", "message", span("first"), notes=("note",), help="help", label="label")
    painted = fault.render(colour=True)
    assert "\033[" in painted
    assert re.sub(r"\033\[[0-9;]*m", "", painted) == fault.render()


def test_the_margin_grows_with_the_line_number() -> None:
    source = SourceText("x", "\n" * 99 + "hundred\n")
    assert "100 | hundred\n    | ^^^^^^^" in Diagnostic("AS1", "m", span("hundred", source)).render()


def test_tabs_and_wide_characters_keep_the_caret_under_its_place() -> None:
    rendered = Diagnostic("AS1", "m", span("third")).render()
    assert "3 |     third: 3\n  |     ^^^^^" in rendered
    source = SourceText("x", "網: 値\n")
    assert "1 | 網: 値\n  |     ^^" in Diagnostic("AS1", "m", span("値", source)).render()
    combined = SourceText("x", "e\u0301: b\n")
    assert "  |    ^" in Diagnostic("AS1", "m", span("b", combined)).render()


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\x07", "\ud800", "\ufeff", "\u2028", "\U000e0041"])
def test_characters_that_deceive_are_shown(character: str) -> None:
    assert character not in printable(f"a{character}b")
    source = SourceText(f"n{character}", f"key{character}: 1\n")
    rendered = Diagnostic("AS1", f"m{character}", Span(source, 0, 4), notes=(character,), help=character).render()
    assert character not in rendered
    rendered.encode("utf-8")


def test_long_lines_are_cut_and_the_fault_stays_in_sight() -> None:
    source = SourceText("x", "a" * 5_000 + "FAULT" + "b" * 5_000)
    lines = Diagnostic("AS1", "m", span("FAULT", source)).render().splitlines()
    assert max(map(len, lines)) < 250
    assert lines[3].index("FAULT") == lines[4].index("^")
    huge = Diagnostic("AS1", "m", Span(source, 0, 10_000)).render()
    assert max(map(len, huge.splitlines())) < 250


def test_a_fault_over_several_lines_marks_the_first() -> None:
    source = SourceText("x", "a: [1,\n 2]\n")
    assert "1 | a: [1,\n  |    ^^^" in Diagnostic("AS1", "m", Span(source, 3, 10)).render()


def test_as_data() -> None:
    fault = Diagnostic("AS301", "m", span("[a, b]"), notes=("n",), help="h", edit=Edit(span("a, b"), "c"))
    place = {"file": "net.yaml", "line": 2, "end_line": 2}
    assert fault.as_data() == {
        "code": "AS301",
        "severity": "error",
        "message": "m",
        **place,
        "column": 9,
        "end_column": 15,
        "notes": ["n"],
        "help": "h",
        "edit": {**place, "column": 10, "end_column": 14, "start": 18, "end": 22, "text": "c", "safe": False},
    }
    assert Diagnostic("AS001", "m").as_data()["line"] is None


def test_file_order() -> None:
    late, early, nowhere = (
        Diagnostic("AS1", name, place) for name, place in (("l", span("b]")), ("e", span("first")), ("n", None))
    )
    again = Diagnostic("AS1", "again", span("first"))
    assert in_file_order([late, early, again, nowhere]) == [nowhere, early, again, late]


def test_errors_carry_their_diagnostics_and_pickle() -> None:
    error = SpecError([Diagnostic("AS1", "one", span("first")), Diagnostic("AS2", "two")])
    assert str(error).count("error[") == 2
    assert [fault.code for fault in pickle.loads(pickle.dumps(error)).diagnostics] == ["AS1", "AS2"]
    usage = UsageError(Diagnostic("AS3", "three"))
    assert pickle.loads(pickle.dumps(usage)).diagnostic.code == "AS3"


def test_small_words() -> None:
    assert [plural(count, "layer") for count in (0, 1, 2, 1000)] == ["0 layers", "1 layer", "2 layers", "1,000 layers"]
    assert clip("abc", 3) == "abc"
    assert clip("abcd", 3) == "ab…"
