"""`docs/security.md`: its limits are those of the code, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

from archspec.architecture import MOST_PARAMS
from archspec.elaborate import copies, initialization, weights, written
from archspec.elaborate import limits as elaboration
from archspec.elaborate.expressions import FUNCTIONS, operations, parser, template, tokens
from archspec.source import limits
from archspec.weights import safetensors_file, torch_file, torch_pickle

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LIMITS = [
    limits.MAX_BYTES,
    limits.MAX_DEPTH,
    limits.MAX_NODES,
    limits.MAX_SCALAR,
    limits.MAX_KEY,
    limits.MAX_FILES,
    limits.MAX_INCLUDED,
    limits.MAX_CHAIN,
    limits.MAX_FAULTS,
    limits.MAX_INTEGER,
    tokens.MAX_LENGTH,
    tokens.MAX_TOKENS,
    parser.MAX_DEPTH,
    operations.MAX_LIST,
    template.MAX_RESULT,
    written.MOST_WRITTEN,
    elaboration.LARGEST_GRAPH,
    elaboration.MOST_STEPS,
    copies.MOST_COPIES,
    copies.MOST_STAGES,
    elaboration.DEEPEST,
    initialization.MOST_MATCHES,
    weights.MOST_MATCHES,
    safetensors_file.LARGEST_HEADER,
    torch_file.LARGEST_PICKLE,
    torch_pickle.MOST_CONTAINERS,
    MOST_PARAMS,
]


def test_the_limits_are_those_of_the_code() -> None:
    section = PAGE.partition("## Limits")[2].partition("## ")[0]
    told = [int(number.replace(",", "")) for number in re.findall(r"^\| .* \| ([\d,]+) \|", section, re.MULTILINE)]
    assert told == LIMITS
    assert elaboration.MOST_FAULTS == limits.MAX_FAULTS


def test_as_many_functions_as_are_told() -> None:
    assert "its twelve functions" in PAGE
    assert len(FUNCTIONS) == 12


def test_the_tests_that_hold_the_promises_exist() -> None:
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
