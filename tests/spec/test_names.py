"""Names that layers may have."""

from __future__ import annotations

import pytest
from torch import nn

from archspec.spec.names import TORCH_ATTRIBUTES, identifier_fault, layer_name_fault


def test_the_list_of_torch_s_attributes_is_the_installed_torch_s() -> None:
    kinds = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict)
    instances = (nn.Module(), nn.Sequential(), nn.ModuleList(), nn.ModuleDict())
    public = {name for owner in (*kinds, *instances) for name in dir(owner) if not name.startswith("_")}
    assert public - TORCH_ATTRIBUTES == set()


@pytest.mark.parametrize("name", ["conv1", "0", "block1-0", "a_b", "A", "lambda", "1x1", "-"])
def test_names_that_may_be(name: str) -> None:
    assert layer_name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a.b",
        "a b",
        "é",
        "forward",
        "training",
        "keys",
        "input",
        "previous",
        "_modules",
        "x" * 129,
        "a\u202e",
        "a\n",
    ],
)
def test_names_that_may_not(name: str) -> None:
    assert layer_name_fault(name) is not None


def test_every_refused_word_cannot_be_a_child_or_hides_something() -> None:
    for name in TORCH_ATTRIBUTES:
        assert layer_name_fault(name) is not None


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("a", True),
        ("_a", True),
        ("a1", True),
        ("1a", False),
        ("a-b", False),
        ("class", False),
        ("__a", False),
        ("", False),
    ],
)
def test_identifiers(name: str, good: bool) -> None:
    assert (identifier_fault(name, "it") is None) == good
