"""Whatever comes in: a tree, or diagnostics; never another exception. And YAML and JSON say the same."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.errors import SourceText, SpecError
from archspec.source import Mapping, Scalar, Sequence, load_file, plain, read
from tests.source.test_data import DATA

SPEC = """\
archspec: 1   # c
name: "Net é"
vars: &v {n: 10, 'w': 1e-3, x: [1, 2, {y: 0x1F}]}
layers:
  conv: {Conv2d: {out_channels: $(n * 2), kernel_size: 3}}
  block:
    - ReLU
    - <<: *v
      text: |
        a: b
         c
    - >-
      folded
      text
  last: {Linear: $n, from: 'conv'}
"""
ODD = "{}[]:,#&*!|>'\"%@`?-$()\n\t \r\\~<=\u00e9\u0441\u200b\u202e\u2028\x85\ufeff\x07\ud80010.e"


def check_spans(node):
    """Every part lies inside the text, and a plain scalar's span shows its value."""
    span = node.span
    assert 0 <= span.start <= span.end <= len(span.source.text)
    if isinstance(node, Scalar):
        one_line = not any(sign in span.text for sign in "\n\r\x85\u2028")
        if isinstance(node.value, str) and not node.quoted and one_line:
            assert node.value == span.text
        return
    parts = node.items if isinstance(node, Sequence) else [part for pair in node.entries for part in pair]
    for part in parts:
        check_spans(part)


def tree_or_faults(read_it):
    """What a reading gives: a tree, or the diagnostics of its refusal."""
    try:
        return read_it(), ()
    except SpecError as error:
        return None, error.diagnostics


def read_or_refuse(text, name):
    node, found = tree_or_faults(lambda: read(SourceText(name, text)))
    for diagnostic in found:
        assert diagnostic.code.startswith("AS0")
        assert len(diagnostic.render()) < 5_000
        diagnostic.as_data()
    assert (node is None) == bool(found)
    if node is not None:
        assert isinstance(node, (Scalar, Sequence, Mapping))
        plain(node)
        check_spans(node)


@st.composite
def mutations(draw, text):
    """The text with a few pieces cut out, doubled or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        text = text[:start] + draw(st.text(ODD, max_size=3)) + text[end:]
    return text


@settings(deadline=None, max_examples=600)
@given(mutations(SPEC))
def test_mutated_yaml(text):
    read_or_refuse(text, "net.yaml")


@settings(deadline=None, max_examples=400)
@given(mutations(json.dumps({"a": [1, 2.5e3, None, True, {"b": "x\n\u00e9"}], "c": {"d": {}, "e": []}}, indent=1)))
def test_mutated_json(text):
    read_or_refuse(text, "net.json")


@settings(deadline=None, max_examples=400)
@given(st.text(ODD, max_size=30), st.sampled_from(["net.yaml", "net.json"]))
def test_odd_characters(text, name):
    read_or_refuse(text, name)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=60))
def test_random_bytes_in_a_file(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "net.yaml"
    path.write_bytes(content)
    source, found = tree_or_faults(lambda: load_file(path))
    if source is None:
        assert [fault.code for fault in found] == ["AS005"]
    else:
        assert source.text.encode() == content.removeprefix(b"\xef\xbb\xbf")
        read_or_refuse(source.text, source.name)


@settings(deadline=None, max_examples=300)
@given(DATA)
def test_json_is_read_as_the_standard_library_reads_it_by_both_readers(data):
    text = json.dumps(data, ensure_ascii=False, indent=2)
    expected = json.loads(text)
    assert plain(read(SourceText("net.json", text))) == expected
    assert plain(read(SourceText("net.yaml", text))) == expected
    assert repr(plain(read(SourceText("net.json", text)))) == repr(plain(read(SourceText("net.yaml", text))))
