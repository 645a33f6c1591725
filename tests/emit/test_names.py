"""Identifiers of generated code."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.emit.names import Names, attribute, class_name, identifier
from archspec.ops.registry import CATALOGUE


@given(st.lists(st.text(alphabet="abF_-1 9$é\n\"'", max_size=6), max_size=20))
def test_every_name_is_an_identifier_of_its_own(wishes: list[str]) -> None:
    names = Names()
    made = [names.allocate(wish) for wish in wishes]
    assert len(set(made)) == len(made)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in made)


def test_a_free_wish_is_granted_and_a_taken_one_numbered() -> None:
    names = Names()
    assert [names.allocate(wish) for wish in ("conv", "conv", "conv1", "conv1", "conv")] == [
        "conv",
        "conv2",
        "conv1",
        "conv1_2",
        "conv3",
    ]
    assert names.allocate("conv", "free") == "free"


@pytest.mark.parametrize("word", ["self", "torch", "nn", "F", "super", "class", "None", "getattr"])
def test_what_generated_code_uses_is_never_handed_out(word: str) -> None:
    assert Names().allocate(word) != word


def test_helpers_of_the_catalogue_are_never_handed_out() -> None:
    helpers = {name for op in CATALOGUE.values() for name in op.helpers}
    assert helpers
    for name in helpers:
        assert Names().allocate(name) != name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("res_block", "ResBlock"),
        ("DoubleConv", "DoubleConv"),
        ("up", "Up"),
        ("2d", "_2d"),
        ("__", "Module"),
        ("a-b", "AB"),
    ],
)
def test_class_names(text: str, name: str) -> None:
    assert class_name(text) == name


@given(st.text(alphabet="ab1_-", min_size=1, max_size=5))
def test_an_attribute_is_reached_whatever_its_name(name: str) -> None:
    class Owner:
        pass

    owner = Owner()
    setattr(owner, name, 7)
    assert eval(attribute("owner", name), {"owner": owner}) == 7  # the test's own text


def test_identifiers_hold_no_quote_or_line_break() -> None:
    assert identifier('a"\n;b') == "a___b"
