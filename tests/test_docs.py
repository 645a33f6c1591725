"""The examples in the documentation are specs that work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archspec

DOCS = [Path("README.md"), Path("docs/language.md")]
EXAMPLES = [
    pytest.param(example, id=f"{doc.stem}-{number}")
    for doc in DOCS
    for number, example in enumerate(re.findall(r"```yaml\n(archspec: 1\n.*?)```", doc.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    architecture = archspec.load(example)
    assert architecture.prove(architecture.build()) == ()
    assert not architecture.warnings
