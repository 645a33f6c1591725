"""YAML that cannot be read: one diagnostic, the smallest wrong piece, and an edit that mends it."""

from __future__ import annotations

import pytest
import yaml

from archspec.errors import SourceText, SpecError
from archspec.source import parse_value, yaml_reader
from tests.source.marked import faults, mended, only_fault

SYNTAX = [
    ("AS021", "a: b«:» c\n"),
    ("AS021", "x: 1\na: yes«:» no # c\n"),
    ("AS021", "a: {b: 1 c«:» 2}\n"),
    ("AS022", "a: «[»1, 2\nb: 3\n"),
    ("AS022", "a: «{»\n  b: 1\nc: 2\n"),
    ("AS022", "a: [1, 2«}»\n"),
    ("AS022", "a: [1]«]»\n"),
    ("AS022", "{a: 1}«}»\n"),
    ("AS022", "a: «'»x\nb: 3\n"),
    ("AS022", 'a: 1\nc: «"»\n'),
    ("AS022", "a: 'x' «y»\n"),
    ("AS022", "a: 'don'«t'»\n"),
    ("AS023", "a: b\n «c»: d\n"),
    ("AS023", "layers:\n  a: 1\n   «bc»: 2\n"),
    ("AS023", "layers:\n   a: 1\n  «b»: 2\n"),
    ("AS023", "  a: 1\n«b»: 2\n"),
    ("AS023", "a: «-» b\n"),
    ("AS023", "a: 1\n«-» b\n"),
    ("AS023", "- a\n«b: c»\n"),
    ("AS023", "- a: 1\n  b: 2\n «c»: 3\n"),
    ("AS023", "- a\n «-» b\n- c\n"),
    ("AS024", "a:\n«\t»b: 1\n"),
    ("AS024", "«\t»a: 1\n"),
    ("AS024", "a:\n  - b\n«\t»- c\n"),
    ("AS024", "a: |\n«\t»foo\n"),
    ("AS025", "a«:»b\nc: d\n"),
    ("AS025", "x: 1\na«:»b\nc: d\n"),
    ("AS025", "x: {a«:»1, b: 2}\n"),
    ("AS025", "a«:»b\n"),
    ("AS026", "a: «@»x\n"),
    ("AS026", "a: «%»x\n"),
    ("AS026", "a: «`»x\n"),
    ("AS026", "a: «*».weight # all\n"),
    ("AS026", "freeze: [«*»]\n"),
    ("AS026", "a: «>» 5\n"),
    ("AS026", "a: «?» x\n"),
    ("AS026", "a: 1\n«%»b: 2\n"),
    ("AS028", "x: 1\n«foo bar»\nc: d\n"),
    ("AS028", "«a»\nb: c\n"),
    ("AS028", "a: 1\n«foo»"),
    ("AS031", "«:» 1\n"),
    ("AS031", "a: {«:» 1}\n"),
    ("AS031", "«~»: 1\n"),
    ("AS031", "«[»a, b]: c\n"),
    ("AS031", "a: 1\n«{»b: 1}: c\n"),
    ("AS032", "a: «!foo» b\n"),
    ("AS032", "a: «!!python/object/apply:os.system» [ls]\n"),
    ("AS032", "a: «!»foo!bar 1\n"),
    ("AS032", "a: «!!int» x\n"),
    ("AS032", "a: &x «!!bool» yes\n"),
    ("AS032", "a: «!!map» [1]\n"),
    ("AS043", 'a: "x«\\q»"\n'),
    ("AS043", 'a: "«\\x4"»\n'),
    ("AS043", 'a: "«\\ud83d\\ude00»"\n'),
    ("AS006", 'a: "«\\ud800»"\n'),
    ("AS014", "a: 1\n«---»\nb: 2\n"),
    ("AS020", "a: [1,«,» 2]\n"),
    ("AS029", "x: {y: «$(min(a», b)), z: 1}\n"),
]

SCALARS = [
    ("AS040", "groups: «017»\n"),
    ("AS040", "a: [1, «-08»]\n"),
    ("AS041", "a: «.inf»\n"),
    ("AS041", "a: «-.Inf»\n"),
    ("AS041", "a: «.NaN»\n"),
    ("AS041", "a: «1e400»\n"),
    ("AS042", "a: «9007199254740993»\n"),
    ("AS042", "a: «-9007199254740993»\n"),
    ("AS042", "a: «0xfffffffffffffffff»\n"),
    ("AS042", f"a: «{'9' * 10_000}»\n"),
    ("AS030", "out: 64\nin: 1\n«out»: 128\n"),
    ("AS030", 'a: {b: 1, «"b"»: 2}\n'),
    ("AS033", "<<: «3»\n"),
    ("AS033", "<<: «[1]»\n"),
    ("AS034", "base: &bsae 1\na: «*base»\n"),
    ("AS035", "a: &x [«*x»]\n"),
    ("AS035", "a: &x {b: {c: «*x»}}\n"),
]

CHARACTERS = [
    ("AS006", "a: «\x07»\n"),
    ("AS006", "a: b«\ud800»\n"),
    ("AS006", "# c «\x00»\na: 1\n"),
    ("AS006", 'a: «"\\x07"»\n'),
    ("AS006", "a: b«\ufeff»\n"),
    ("AS006", "# hidden «\u2028»b: 1\na: 2\n"),
    ("AS007", "a: b # «\u202e»\n"),
    ("AS007", "description: two words «\u2066»\n"),
    ("AS007", 'a: «"\\u202e"»\n'),
    ("AS007", "a«\u200b»b: 1\n"),
    ("AS007", "a: rel«\u200b»u\n"),
    ("AS008", "«с»onv: 1\n"),
    ("AS008", "a: c«о»nv\n"),
    ("AS008", "«ｃ»onv: 1\n"),
    ("AS009", "a: 1\n«<<<<<<<» HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n"),
]


@pytest.mark.parametrize(("code", "marked"), SYNTAX + SCALARS + CHARACTERS)
def test_the_span_is_the_smallest_wrong_thing(code, marked):
    fault = only_fault(marked)
    assert fault.code == code, fault.render()
    if fault.edit is not None:
        assert faults(mended(fault)) == (), mended(fault)


# The pure parser reads `\\ud800` as a character, which is then refused as one.
@pytest.mark.parametrize(("code", "marked"), [pair for pair in SYNTAX + SCALARS if "\\ud8" not in pair[1]])
def test_without_the_c_parser_the_same_is_told(code, marked, monkeypatch):
    monkeypatch.setattr(yaml_reader, "_Loader", yaml.BaseLoader)
    assert only_fault(marked).code == code


GOLDEN = [
    (
        "a: b: c\n",
        """\
error[AS021]: mapping value not allowed here; quote the string
  --> net.yaml:1:5
  |
1 | a: b: c
  |     ^
    help: quote the string: `"b: c"`""",
    ),
    (
        "layers:\n  a: 1\n   b: 2\n",
        """\
error[AS023]: `b` is indented under `a`, which has a value already
  --> net.yaml:3:4
  |
3 |    b: 2
  |    ^
    help: indent it by 2 spaces, as `a`, if they belong together""",
    ),
    (
        "a: [1, 2}\n",
        """\
error[AS022]: `[` of line 1 is closed by `}`
  --> net.yaml:1:9
  |
1 | a: [1, 2}
  |         ^
    help: write `]`""",
    ),
    (
        "groups: 017\n",
        """\
error[AS040]: leading zero: 15 (octal) or 17?
  --> net.yaml:1:9
  |
1 | groups: 017
  |         ^^^
    help: write `17`, or `0o17` for octal, or quote it if it is a text""",
    ),
    (
        "out: 64\nout: 128\n",
        """\
error[AS030]: `out` is written twice in this mapping
  --> net.yaml:2:1
  |
2 | out: 128
  | ^^^ again here
    note: first written at line 1, column 1
    help: keep one of the two""",
    ),
    (
        "сonv: 1\n",
        """\
error[AS008]: `сonv` contains U+0441 (cyrillic small letter es); looks like `conv`
  --> net.yaml:1:1
  |
1 | сonv: 1
  | ^
    help: write `conv`""",
    ),
    (
        "a\u200bb: 1\n",
        """\
error[AS007]: `a\\u200bb` contains U+200B (zero width space), which cannot be seen
  --> net.yaml:1:2
  |
1 | a\\u200bb: 1
  |  ^^^^^^
    help: write `ab`""",
    ),
    (
        "a: \x07\n",
        """\
error[AS006]: U+0007 (a control character) at line 1, column 4 may not stand in a spec
  --> net.yaml:1:4
  |
1 | a: \\u0007
  |    ^^^^^^
    help: remove it""",
    ),
    (
        "base: &bsae 1\na: *base\n",
        """\
error[AS034]: no anchor `&base` before this alias
  --> net.yaml:2:4
  |
2 | a: *base
  |    ^^^^^
    help: did you mean `bsae`?""",
    ),
    (
        "# nothing\n",
        """\
error[AS010]: the spec is empty
  --> net.yaml:1:1
  |
1 | # nothing
  | ^
    help: a spec begins with `archspec: 1`, and has at least `name`, `input` and `layers`""",
    ),
]


@pytest.mark.parametrize(("text", "rendered"), GOLDEN)
def test_the_whole_message(text, rendered):
    assert "\n\n".join(fault.render() for fault in faults(text)) == rendered


def test_independent_faults_are_told_together_in_file_order():
    found = faults("a: 010\nb: .nan\na: 1\nc: *x\n")
    assert [fault.code for fault in found] == ["AS040", "AS041", "AS030", "AS034"]


def test_a_syntax_fault_is_told_alone():
    assert [fault.code for fault in faults("a: 010\nb: c: d\n")] == ["AS021"]


def test_faults_are_bounded():
    assert len(faults("".join(f"k{n}: 010\n" for n in range(5_000)))) == 100


@pytest.mark.parametrize("text", ["", "\n\n", "# c\n", "---\n", "---\n...\n", "   ", "\ufeff"])
def test_an_empty_text_is_told(text):
    assert [fault.code for fault in faults(text)] == ["AS010"]


def test_faults_of_overrides_point_into_the_argument():
    source = SourceText("--set", "freeze=[*.bias]")
    with pytest.raises(SpecError) as caught:
        parse_value(source.text[7:], source, 7)
    (fault,) = caught.value.diagnostics
    assert fault.span.text == "*"
    assert (fault.span.start, fault.code) == (8, "AS026")
    assert mended(fault) == 'freeze=["*.bias"]'
