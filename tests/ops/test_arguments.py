"""Argument types: what they accept, how they normalise it, and what they say of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.ops.arguments import Bool, Each, Either, Float, Int, Maybe, one_of, show, sizes, spread
from archspec.ops.faults import BadValue

TYPES = [
    Int(),
    Int(1),
    Int(0, 3),
    Float(),
    Float(min=0, max=1),
    Float(above=0),
    Bool(),
    one_of("zeros", "reflect"),
    Maybe(Int(1)),
    Maybe(Bool()),
    sizes(2, 1),
    Each(Int(-1)),
    Either((sizes(2, 0), one_of("same", "valid"))),
    Either((Int(1), Each(Maybe(Int(1)), 2))),
]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.integers(-3, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.describe())
def test_a_value_is_accepted_for_good_or_refused_with_words(type) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(PLAIN)
    def accepts_its_own_output(value) -> None:
        try:
            normal = type.accept(value)
        except BadValue as refusal:
            normal = None if refusal.index is not None else refusal.suggestion
            if normal is None:
                return
        assert type.accept(normal) == normal

    accepts_its_own_output()


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(PLAIN)
def test_whatever_is_found_is_shown_in_few_characters(value) -> None:
    assert len(show(value)) <= 80


@pytest.mark.parametrize(
    ("type", "value", "index", "suggestion"),
    [
        (Int(1), "64", None, 64),
        (Int(1), 64.0, None, 64),
        (Int(1), "0", None, None),
        (Int(1), True, None, None),
        (Int(1), 2**60, None, None),
        (Float(min=0, max=1), "0.5", None, 0.5),
        (Float(), float("nan"), None, None),
        (Float(), 10**400, None, None),
        (Bool(), "yes", None, True),
        (Bool(), 1, None, None),
        (one_of("zeros", "reflect"), "relfect", None, "reflect"),
        (sizes(2, 1), [3, 0], 1, None),
        (sizes(2, 1), [3, "5"], 1, 5),
        (sizes(2, 1), [3, 3, 3], None, None),
        (Either((sizes(2, 0), one_of("same", "valid"))), "smae", None, "same"),
        (Either((sizes(2, 0), one_of("same", "valid"))), [1, -1], 1, None),
    ],
)
def test_what_is_wrong_and_what_was_meant(type, value, index, suggestion) -> None:
    with pytest.raises(BadValue) as caught:
        type.accept(value)
    assert caught.value.index == index
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (None, "null"),
        (True, "true"),
        ("64", '"64"'),
        (float("nan"), ".nan"),
        (float("-inf"), "-.inf"),
        ([1, None, "a"], '[1, null, "a"]'),
        (list(range(1000)), "a list of 1,000"),
        ({"a": 1}, "a mapping"),
        (10**5000, "an integer of more than 18 digits"),
    ],
    ids=range(10),
)
def test_values_are_shown_as_a_spec_has_them(value, shown) -> None:
    assert show(value) == shown


def test_spread() -> None:
    assert spread(3, 2) == (3, 3)
    assert spread((3, 5), 2) == (3, 5)
