"""What the schema refuses the checker refuses, and what the checker refuses for its form the schema refuses."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest

from archspec.source.home import NOWHERE, Home, home_of_file
from tests.fuzz.mutate import text_of
from tests.schema.judge import data_of, judge
from tests.schema.mutations import mutated, of_each_kind

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
DIAGNOSTICS = ROOT / "tests" / "diagnostics"
CASES = sorted((DIAGNOSTICS / "cases").glob("*.yaml"))
REUSE = sorted(path for path in (DIAGNOSTICS / "reuse").rglob("*.yaml") if path.is_file())
SMALL = sorted((Path(__file__).parent / "specs").rglob("*.yaml"))
DOCUMENTS = sorted([*(DIAGNOSTICS / "bad_inputs").glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
MUTANTS = int(os.environ.get("ARCHSPEC_MUTANTS", "600"))
"""Per seed."""
_SLOW = ("llama3_405b",)
_OF_RECIPES = "^(data|scheduler|losses):"


def _disagreement(text: str, home: Home = NOWHERE) -> str | None:
    verdicts = judge(text, home)
    if verdicts is None:
        return None
    if verdicts.refused is not None and not verdicts.errors and not verdicts.in_unused_block:
        return f"only the schema refuses: {verdicts.refused}"
    if verdicts.refused is None and verdicts.visible:
        return "only the checker refuses: " + "; ".join(f"{each.code} {each.message}" for each in verdicts.visible)
    return None


@pytest.mark.parametrize("path", [*SPECS, *SMALL], ids=lambda path: path.stem)
def test_every_spec_is_accepted(path: Path) -> None:
    verdicts = judge(path.read_text(encoding="utf-8"), home_of_file(path))
    assert verdicts is not None
    assert verdicts.refused is None
    assert verdicts.errors == ()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_they_agree_on_faulty_specs(path: Path) -> None:
    assert _disagreement(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("path", REUSE, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_they_agree_on_specs_of_several_files(path: Path) -> None:
    assert _disagreement(path.read_text(encoding="utf-8"), home_of_file(path)) is None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_they_agree_on_what_is_written_about(document: Path) -> None:
    specs = re.findall(r"^```(?:yaml|json)\b.*\n([\s\S]*?)^```$", document.read_text(encoding="utf-8"), re.MULTILINE)
    whole = [
        text for text in specs if "archspec" in text and not re.search("^(data|scheduler|losses):", text, re.M)
    ]  # no recipes
    found = [(what, text) for text in whole if (what := _disagreement(text)) is not None]
    assert not found, "\n\n".join(f"{what}\n{text}" for what, text in found)


def _bases() -> list[dict[str, Any]]:
    read = [data_of(path.read_text(encoding="utf-8")) for path in (*SPECS, *SMALL, *CASES) if path.stem not in _SLOW]
    return [spec for spec in read if isinstance(spec, dict)]


@pytest.mark.parametrize("seed", range(3))
def test_they_agree_on_mutated_specs(seed: int) -> None:
    _try_mutants(_bases(), seed)


@pytest.mark.parametrize("seed", range(3))
def test_they_agree_on_mutated_calls_of_every_kind(seed: int) -> None:
    _try_mutants(of_each_kind(), seed)


def _try_mutants(bases: list[dict[str, Any]], seed: int) -> None:
    draw = random.Random(seed)
    tried = 0
    found: dict[str, str] = {}
    while tried < MUTANTS:
        mutant = mutated(draw.choice(bases), draw)
        if mutant is None:
            continue
        tried += 1
        text = text_of(mutant)
        what = _disagreement(text)
        if what is not None:
            found[what] = text
    assert not found, "\n\n".join(f"{what}\n{text}" for what, text in list(found.items())[:5])
