"""The spec that a run folder keeps can be opened there, whatever the run started from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import archspec

BASE = """archspec: 1
name: Base
input: [1, 8, 8]
layers: {flatten: Flatten, fc1: {Linear: 16}, relu: ReLU, fc: {Linear: 5}}
"""
TUNED = """archspec: 1
name: Tuned
extends: base.yaml
layers:
  fc:
    - Dropout: 0.5
    - Linear: 10
weights: {path: base.safetensors, allow: {missing: ["fc.*"], unexpected: ["fc.*"]}}
train: {data: digits, epochs: 1, batch_size: 256, param_groups: [{match: "fc.*", lr: 0.01}]}
"""
WHOLE = BASE.replace("Linear: 5", "Linear: 10") + "weights: {path: ten.safetensors}\ntrain: {data: digits, epochs: 1}\n"


@pytest.mark.parametrize(("text", "started"), [(TUNED, "base.safetensors"), (WHOLE, "ten.safetensors")])
def test_it_needs_no_other_file(
    text: str, started: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_pictures: None
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "base.yaml").write_text(BASE)
    (home / "tuned.yaml").write_text(text)
    base = archspec.load(BASE) if text is TUNED else archspec.load(WHOLE)
    base.save_weights(base.build(weights=False), home / started)
    monkeypatch.chdir(tmp_path)
    result = archspec.train(home / "tuned.yaml", out=tmp_path / "run", device="cpu", quiet=True)
    stored = result.folder / "spec.yaml"
    first, second = stored.read_text().splitlines()[:2]
    assert first.startswith(f"# its weights started from '{started}'")
    assert second.startswith(f"# {home / 'tuned.yaml'}")
    again = archspec.load(stored)
    assert again.weights is None
    model = again.build()
    model.load_state_dict(load_file(result.folder / "best.safetensors"))
    for name, tensor in result.model.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name
