"""docs/exports.md: small specs are measured again; `python -m tools.generate_exports` measures all of them."""

from __future__ import annotations

import pytest

from tools.generate_exports import DOC, SPECS, row, rows

TABLE = rows(DOC.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["perceptron", "convnet"])
def test_a_small_spec_s_row_is_as_measured_now(name: str) -> None:
    (path,) = (path for path in SPECS if path.stem == name)
    assert TABLE[name] == row(path)


def test_rows_are_of_specs_that_are_there() -> None:
    assert set(TABLE) <= {path.stem for path in SPECS}
    assert len(TABLE) > 1
