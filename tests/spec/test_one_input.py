"""`input` is one input, be it a list or a mapping."""

from __future__ import annotations

import pytest

import archspec

LAYERS = {"flat": "Flatten", "fc": {"Linear": 2}}


@pytest.mark.parametrize("given", [[3, 8, 8], {"shape": [3, 8, 8]}, {"shape": [3, 8, 8], "dtype": "float32"}])
def test_a_shape_alone_is_one_input(given: object) -> None:
    spec = {"archspec": 1, "input": given, "layers": LAYERS}
    assert archspec.check(spec) == ()
    assert len(archspec.load(spec).input_types) == 1


def test_names_under_input_are_several() -> None:
    with pytest.raises(archspec.SpecError, match="is one input, and this names several"):
        archspec.load({"archspec": 1, "input": {"image": [3, 8, 8], "meta": [4]}, "layers": LAYERS})
