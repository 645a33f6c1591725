"""Every code has its heading in docs/errors.md, and every heading a code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_codes_and_headings_are_the_same() -> None:
    used = {code for file in (ROOT / "archspec").rglob("*.py") for code in re.findall(r'"(AS\d{3})"', file.read_text())}
    headings = re.findall(r"^## (AS\d{3}): \S", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert used == set(headings)
