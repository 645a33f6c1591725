"""Trees written as YAML read as the same trees."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec import source
from archspec.errors import SourceText
from archspec.source.write import as_yaml

WORDS = st.sampled_from(
    ["no", "on", "1e3", "1:30", "0o17", "0x1f", "010", "~", "null", "", "1_000", "2020-01-01", "<<", "="]
)
TEXT = WORDS | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(TEXT.filter(lambda key: key != "<<"), TREES, min_size=1, max_size=4))
def test_round_trip(data: dict[str, object]) -> None:
    tree = source.read(source.from_data(data), "json")
    again = source.read(SourceText("x.yaml", as_yaml(tree)))
    assert source.plain(again) == source.plain(tree)


@pytest.mark.parametrize("spec", sorted(Path("specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_zoo(spec: Path) -> None:
    tree = source.read(source.load_file(spec))
    assert source.plain(source.read(SourceText("x.yaml", as_yaml(tree)))) == source.plain(tree)
