"""Every rule that excuses a refusal is one that the language reference names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.rules import RULES
from tests.fuzz.judge import NAMED_RULES

REFERENCE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
OWN = re.sub(r"\s+", " ", REFERENCE.partition("\n## Rules of our own\n")[2])
SENTENCES = [rule.sentence for rule in RULES] + [sentence for _, _, sentence in NAMED_RULES]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_rule_is_in_the_reference(sentence: str) -> None:
    assert sentence.removesuffix(".").lower() in OWN.lower()
