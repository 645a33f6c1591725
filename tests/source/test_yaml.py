"""YAML texts and the trees they make."""

from __future__ import annotations

import pytest

from archspec.errors import SourceText
from archspec.source import Mapping, Node, Scalar, Sequence, parse_value, plain, read


def tree(text: str) -> Node:
    return read(SourceText("net.yaml", text))


def scalars(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    if isinstance(node, Sequence):
        return [leaf for item in node for leaf in scalars(item)]
    return [leaf for key, value in node for leaf in (key, *scalars(value))]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None), ("~", None), ("", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("n", "n"),
        ("0", 0), ("-0", 0), ("7", 7), ("+3", 3), ("-12", -12), ("0o17", 15), ("0x1F", 31), ("-0x1F", "-0x1F"),
        ("0b11", "0b11"), ("1_000", "1_000"), ("0o9", "0o9"), ("0xg", "0xg"), ("0x", "0x"),
        ("9007199254740992", 2**53), ("-9007199254740992", -(2**53)),
        ("1e-3", 1e-3), ("1E-3", 1e-3), (".5", 0.5), ("-.5", -0.5), ("+1.5", 1.5), ("3.", 3.0), ("1e3", 1000.0),
        ("5.0e-4", 5e-4), ("01.5", 1.5), (".", "."), ("e3", "e3"), ("1.2.3", "1.2.3"), ("+", "+"), ("inf", "inf"),
        ("nan", "nan"), ("1:30", "1:30"), ("12:30:45", "12:30:45"), ("2020-01-01", "2020-01-01"), ("1.10", 1.1),
        ("٣", "٣"), ("¼", "¼"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(written, value):
    found = plain(tree(f"a: {written}\n"))["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("written", ['"64"', "'64'", "|\n  64", ">-\n  64", "!!str 64"])
def test_a_quoted_scalar_is_a_string(written):
    node = tree(f"a: {written}\n").get("a")
    assert node.value.strip() == "64"
    assert node.quoted == (written[0] != "!")


@pytest.mark.parametrize("key", ["on", "no", "10", "1.0", "true", "1e3", "'null'", '"~"', "0010"])
def test_keys_stay_as_written(key):
    ((found, _),) = tree(f"{key}: 1\n")
    assert found.value == key.strip("'\"")


def test_spans_count_characters_also_beyond_the_basic_plane_and_with_crlf():
    text = "a: 😀b   # 😀\r\n'k': \"x😀\"  \r\nlist:\r\n  - &n 😀 z   # c\r\n  - [1 , 2 ]\r\nlast: *n\r\n"
    node = tree(text)
    shown = [(leaf.span.text, leaf.value) for leaf in scalars(node)]
    assert shown == [
        ("a", "a"), ("😀b", "😀b"), ("'k'", "k"), ('"x😀"', "x😀"), ("list", "list"), ("😀 z", "😀 z"), ("1", 1),
        ("2", 2), ("last", "last"), ("😀 z", "😀 z"),
    ]  # fmt: skip
    assert node.get("list").items[1].span.text == "[1 , 2 ]"
    assert node.get("list").items[1].span.line == 5


def test_a_block_ends_with_its_last_value():
    text = "a:\n  b: 1  # c\n  c:\n    - x\n    - y   \n\n# end\nd: |\n  text\n\n\n"
    node = tree(text)
    assert node.get("a").span.text == "b: 1  # c\n  c:\n    - x\n    - y"
    assert node.get("d").span.text == "|\n  text"


def test_a_missing_value_stands_after_its_colon():
    node = tree("a:\nb: 1\n")
    assert (node.get("a").span.start, node.get("a").span.end) == (2, 2)


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(break_):
    node = tree(break_.join(["a: 1", "b: >-", "  x", "  y", "c:", "- d", ""]))
    assert plain(node) == {"a": 1, "b": "x y", "c": ["d"]}
    assert node.key("c").span.line == 5


def test_merge_keys_keep_the_written_value_and_the_place():
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nnet:\n  a: 0\n  <<: [*b, *m]\n  x: 9\n"
    assert list(plain(tree(text))["net"].items()) == [("a", 0), ("y", 2), ("z", 4), ("x", 9)]
    assert plain(tree('{"<<": {a: 1}}')) == {"<<": {"a": 1}}


def test_aliases_repeat_the_tree_of_their_anchor():
    node = tree("a: &x {k: [1, 2]}\nb: *x\nc: [*x]\n")
    assert node.get("b") is node.get("a")
    assert plain(node)["c"] == [{"k": [1, 2]}]
    assert plain(tree("a: &x 1\nb: &x 2\nc: *x"))["c"] == 2
    assert plain(tree("&k key: &v value\nother: *k\nthird: *v")) == {"key": "value", "other": "key", "third": "value"}


@pytest.mark.parametrize(
    "text",
    [
        "---\na: 1\n...\n", "%YAML 1.2\n---\na: 1\n", "a: 1", "a: 1\n\n\n", "\ufeffa: 1\n", "{a: 1}", "{'a':1}",
        '{"a": 1,}', "# c\n\na: 1 # d\n", "? a\n: 1\n", "a:    1\n", "a: !!int 1\n", "!!map\na: 1\n",
        "a: &x 1\n",
    ],
)  # fmt: skip
def test_the_same_thing_in_other_words(text):
    assert plain(tree(text)) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "description: Ünïcødé, привет, مرحبا, שלום, 你好, 👩‍👩‍👧, naïve Сергей\n",
        "description: می‌خواهم\n",
        "name: résumé\n",
        "a: foo\n  - bar\n  - baz\n",
        "a: $(x[0] + y.height)\n",
        "a: C:\\data\n",
        "url: http://example.org/x:y\n",
        "conv-1: {padding: 0, kernel_size: [3, 5], dropout: 0.0}\n",
        'a: "line\u2028separator"\n',
        "a: |\n  <<<<<<< not a conflict\n  =======\n",
    ],
)
def test_good_texts_are_accepted(text):
    assert isinstance(tree(text), Mapping)


def test_a_key_and_a_value_of_an_override_point_into_the_argument():
    argument = SourceText("--set", "train.epochs= [3, {x: 'y'}]")
    start = argument.text.index("=") + 1
    node = parse_value(argument.text[start:], argument, start)
    assert plain(node) == [3, {"x": "y"}]
    assert [leaf.span.text for leaf in scalars(node)] == ["3", "x", "'y'"]


@pytest.mark.parametrize(
    ("written", "value"),
    [("3", 3), ("resnet", "resnet"), ("1e-3", 1e-3), ("", None), ("{SGD: {lr: 0.1}}", {"SGD": {"lr": 0.1}})],
)
def test_values_of_overrides(written, value):
    source = SourceText("--set", "k=" + written)
    assert plain(parse_value(written, source, 2)) == value
