"""JSON texts: the same tree as YAML makes, and every habit of other languages told as itself."""

from __future__ import annotations

import json

import pytest

from archspec.errors import SourceText
from archspec.source import Scalar, plain, read
from tests.source.marked import faults, mended, only_fault

FAULTS = [
    ("AS051", "[1, 2«,»]"),
    ("AS051", '{"a": 1«,» }'),
    ("AS052", "{«'a'»: 1}"),
    ("AS052", "{\"a\": «'x'»}"),
    ("AS053", '{"a": 1, «// c»\n"b": 2}'),
    ("AS053", "«/* c */»{}"),
    ("AS053", '{"a": 1 «# c»\n}'),
    ("AS054", '{"a": «True»}'),
    ("AS054", "[«None»]"),
    ("AS041", "[«NaN»]"),
    ("AS041", "[«-Infinity»]"),
    ("AS041", "[«1e400»]"),
    ("AS042", "[«9007199254740993»]"),
    ("AS042", f"[«{'9' * 10_000}»]"),
    ("AS040", "[«-01»]"),
    ("AS055", "{«a»: 1}"),
    ("AS055", '{"a": «resnet»}'),
    ("AS056", '{"a": 1 «"»b": 2}'),
    ("AS056", "[1\n«2»]"),
    ("AS057", "{} «x»"),
    ("AS050", '{«"a"» 1}'),
    ("AS050", '{"a" «=» 1}'),
    ("AS050", "[«.5»]"),
    ("AS050", "[«+1»]"),
    ("AS050", "[1,«,» 2]"),
    ("AS050", '{"a": «}»'),
    ("AS050", '["a"«:» 1]'),
    ("AS050", '["«\t»"]'),
    ("AS022", "«[»1"),
    ("AS022", '«{»"a": '),
    ("AS022", '«{»"a"'),
    ("AS022", '{"a": [1«}»'),
    ("AS022", "{}«]»"),
    ("AS022", '{"a": «"»x}'),
    ("AS022", '["a", «"»x\n"]'),
    ("AS043", '["«\\q»"]'),
    ("AS043", '["«\\u12»"]'),
    ("AS006", '["«\\ud800»"]'),
    ("AS006", '["«\\udc00»\\ud800"]'),
    ("AS006", "[«\x00»]"),
    ("AS030", '{"a": 1, «"a"»: 2}'),
    ("AS008", '{"«с»onv": 1}'),
    ("AS009", '{\n«<<<<<<<» HEAD\n"a": 1\n}'),
]


@pytest.mark.parametrize(("code", "marked"), FAULTS)
def test_faults(code, marked):
    fault = only_fault(marked, "net.json")
    assert fault.code == code, fault.render()
    if fault.edit is not None:
        text = mended(fault)
        assert faults(text, "net.json") == (), text
        json.loads(text)


def test_the_whole_message():
    assert (
        faults("{'a': 1}", "net.json")[0].render()
        == """\
error[AS052]: JSON strings take double quotes
  --> net.json:1:2
  |
1 | {'a': 1}
  |  ^^^
    help: write `"a"`"""
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"archspec": 1, "input": [1, 28, 28], "on": "no", "x": null, "y": true, "z": false}',
        '[0, -0, 1.5, -2e-3, 1E5, 9007199254740992, ""]',
        r'["\"\\\/\n\r\t", "\u00e9\ud83d\ude00", "é😀", "$(a + b)"]',
        " \r\n\t{ }\n",
        "[[], {}, [[]]]",
        '"text"',
    ],
)
def test_values_are_those_of_the_standard_library(text):
    assert plain(read(SourceText("net.json", text))) == json.loads(text)


def test_strings_are_quoted_and_spans_include_the_quotes():
    node = read(SourceText("net.json", '{"k": ["x\\n", 12, [ ]]}'))
    ((key, value),) = node
    leaf, number, empty = value.items
    assert isinstance(leaf, Scalar)
    assert (key.span.text, key.quoted) == ('"k"', True)
    assert (leaf.span.text, leaf.value, leaf.quoted) == ('"x\\n"', "x\n", True)
    assert (number.span.text, number.quoted) == ("12", False)
    assert (value.span.text, empty.span.text, node.span.text) == (
        '["x\\n", 12, [ ]]',
        "[ ]",
        '{"k": ["x\\n", 12, [ ]]}',
    )


def test_a_merge_key_is_a_key_like_any_other():
    assert plain(read(SourceText("net.json", '{"<<": {"a": 1}}'))) == {"<<": {"a": 1}}


def test_the_format_follows_the_name_or_what_is_asked_for():
    assert plain(read(SourceText("net.yaml", "{a: 1,}"))) == {"a": 1}
    assert plain(read(SourceText("text", '{"a": 1}'), "json")) == {"a": 1}
    assert [fault.code for fault in faults("a: 1", "NET.JSON")] == ["AS055"]
