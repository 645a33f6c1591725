"""The examples in the documentation are specs that work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import archspec
from archspec.spec.checkpoint import Checkpoint

DOCS = [Path("README.md"), Path("docs/language.md")]
EXAMPLES = [
    pytest.param(example, id=f"{doc.stem}-{number}")
    for doc in DOCS
    for number, example in enumerate(re.findall(r"```yaml\n(archspec: 1\n.*?)```", doc.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examination = archspec.examine(example)
    if examination.is_recipe:
        assert not examination.diagnostics
        return
    architecture = archspec.load(example)
    monkeypatch.chdir(tmp_path)
    if architecture.weights is not None:
        _save_what_it_asks_for(architecture, architecture.weights)
    assert architecture.check_weights() == ()
    assert architecture.prove(architecture.build()) == ()
    assert not architecture.warnings


def _save_what_it_asks_for(architecture: archspec.Architecture, checkpoint: Checkpoint) -> None:
    """The checkpoint of an example: under `key`, with a prefix to be renamed away, and with another head."""
    state = architecture.build(weights=False).state_dict()
    prefixes = [glob.removesuffix("*") for glob, _ in checkpoint.rename] or [""]
    changed = {f"{prefixes[0]}{name}": tensor for name, tensor in state.items()}
    changed = {name: tensor[:5].clone() if ".fc." in name else tensor for name, tensor in changed.items()}
    torch.save({checkpoint.key: changed} if checkpoint.key else changed, checkpoint.path)
