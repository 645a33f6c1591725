"""Specs given as Python data."""

from __future__ import annotations

import enum
from collections import OrderedDict
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.errors import SpecError
from archspec.source import from_data, plain, read


def refused(data):
    with pytest.raises(SpecError) as caught:
        from_data(data)
    (fault,) = caught.value.diagnostics
    return fault


def test_the_text_reads_as_a_person_would_write_it():
    source = from_data({"archspec": 1, "input": (1, 28, 28), "layers": [{"Conv2d": {}}, "ReLU"], 5: None, "é": 'a"\n'})
    assert (source.name, source.text) == (
        "<dict>",
        '{\n  "archspec": 1,\n  "input": [1, 28, 28],\n  "layers": [\n    {\n      "Conv2d": {}\n    },\n    "ReLU"\n'
        '  ],\n  "5": null,\n  "é": "a\\"\\n"\n}\n',
    )


class Colour(str, enum.Enum):  # noqa: UP042 - the older form has another `str()`
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


def test_what_is_plain_data_in_other_types():
    data = OrderedDict(a=MappingProxyType({"b": np.float64(0.5)}), c=Size.BIG, d=Colour.RED, e=np.str_("x"))
    assert plain(read(from_data(data), "json")) == {"a": {"b": 0.5}, "c": 3, "d": "red", "e": "x"}


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ({"a": object()}, "AS060", "a value of type `object` is not plain data at `a`"),
        ({"a": [1, b"x"]}, "AS060", "a value of type `bytes` is not plain data at `a.1`"),
        ({"a": {1, 2}}, "AS060", "`set`"),
        ({"a": np.int64(3)}, "AS060", "`numpy.int64`"),
        ({"a": np.zeros(3)}, "AS060", "`numpy.ndarray`"),
        ({None: 1}, "AS061", "a key is a value of type `NoneType`"),
        ({"a": {True: 1}}, "AS061", "`bool`; keys are strings at `a`"),
        ({"a": float("nan")}, "AS041", "not a finite number at `a`"),
        ({"a": [float("inf")]}, "AS041", "at `a.0`"),
        ({"a": 2**53 + 1}, "AS042", "beyond 2^53"),
    ],
)
def test_what_is_not(data, code, words):
    fault = refused(data)
    assert fault.code == code
    assert words in fault.message
    fault.render()


def test_cycles_depth_and_size():
    cycle: list = []
    cycle.append({"a": cycle})
    assert refused(cycle).code == "AS062"
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert refused(deep).code == "AS011"
    bomb: list = [1] * 10
    for _ in range(30):
        bomb = [bomb] * 10
    assert refused(bomb).code == "AS012"
    assert refused(["x" * 2**20] * 5).code == "AS003"
    shared = [1, 2]
    assert plain(read(from_data({"a": shared, "b": shared}), "json")) == {"a": [1, 2], "b": [1, 2]}


def test_strange_characters_are_refused_as_in_a_file():
    for text in ("\ud800", "a\x00", "\u202e"):
        with pytest.raises(SpecError):
            read(from_data({"a": text}), "json")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-_.$", max_size=4), inner, max_size=4),
)


@settings(deadline=None, max_examples=200)
@given(DATA)
def test_data_comes_back_as_it_was(data):
    assert plain(read(from_data(data), "json")) == data


@settings(deadline=None, max_examples=200)
@given(DATA)
def test_the_text_says_the_same_as_yaml(data):
    source = from_data(data)
    assert plain(read(source, "yaml")) == data
