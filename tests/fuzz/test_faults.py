"""One random fault in each spec of the repository: refused, at its line, and nothing else is said."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.faults import SORTS, faulty_specs, verdict

SPECS = sorted((Path(__file__).parents[2] / "specs").rglob("*.yaml"))
EACH = int(os.environ.get("ARCHSPEC_FAULTS", "4"))


@pytest.fixture(scope="module")
def counts() -> dict[str, Counter[str]]:
    """By sort of fault: how many were made, refused, told at their line, and told alone."""
    found = {sort: Counter[str]() for sort in SORTS}
    for path in SPECS:
        for made in faulty_specs(path.read_text(encoding="utf-8"), random.Random(path.stem), EACH):
            refused, at_line, alone = verdict(made, path)
            found[made.sort].update(made=1, refused=refused, at_line=at_line, alone=alone)
            if not (refused and at_line and alone):
                print(f"{path.stem} {made.sort} line {made.line}: {made.text.splitlines()[made.line - 1].strip()}")
    for sort, count in [*found.items(), ("all", sum(found.values(), Counter[str]()))]:
        print(f"{sort:>10} {dict(count)}")
    return found


@pytest.mark.parametrize("sort", SORTS)
def test_one_fault_is_refused_at_its_line_and_alone(counts: dict[str, Counter[str]], sort: str) -> None:
    count = counts[sort]
    assert count["made"] > 10
    assert count["refused"] == count["made"]
    assert count["at_line"] >= 0.97 * count["made"]
    assert count["alone"] >= 0.97 * count["made"]
