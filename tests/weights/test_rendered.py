"""The whole text of what is said of checkpoints. `make golden` rewrites it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import archspec
from tests.weights.crafted import NET, call, net, pt, tensor

GOLDEN = Path(__file__).with_suffix(".txt")


def _state() -> dict[str, torch.Tensor]:
    return net().state_dict()


def _truncated(path: Path) -> None:
    save_file(_state(), path)
    path.write_bytes(path.read_bytes()[:-100])


def _another_head(path: Path) -> None:
    torch.save({**_state(), "fc.weight": torch.zeros(1000, 144), "fc.bias": torch.zeros(1000)}, path)


def _wrapped(path: Path) -> None:
    torch.save({"epoch": 1, "state_dict": {f"module.{name}": t for name, t in _state().items()}}, path)


def _other_names(path: Path) -> None:
    state = _state()
    state["head.weight"], state["fc.wieght"] = torch.zeros(3), state.pop("fc.weight")
    torch.save(state, path)


CASES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("model.pt", lambda path: torch.save(_state(), path.with_name("mode1.pt"))),
    "directory": ("models", lambda path: path.mkdir()),
    "empty": ("model.pt", lambda path: path.write_bytes(b"")),
    "pointer": ("model.pt", lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n")),
    "truncated": ("model.safetensors", _truncated),
    "old": ("model.pt", lambda path: torch.save(_state(), path, _use_new_zipfile_serialization=False)),
    "evil": ("model.pt", lambda path: pt(path, {"conv.weight": call(os.system, "touch /tmp/ran")}, {})),
    "whole": ("model.pt", lambda path: torch.save(torch.nn.ReLU(), path)),
    "bomb": (
        "model.pt",
        lambda path: pt(path, {"fc.weight": tensor("0", 1, (10**6, 10**6), (0, 0))}, {"0": b"\0" * 4}),
    ),
    "zip": ("model.pt", lambda path: pt(path, {}, {"0": b"\0" * 9999}, compression=zipfile.ZIP_DEFLATED)),
    "hash": (f'{{path: model.pt, sha256: "{"0" * 64}"}}', lambda path: path.with_name("model.pt").write_text("hello")),
    "outside": ("../model.pt", lambda path: None),
    "head": ("model.pt", _another_head),
    "entries": ("model.pt", _wrapped),
    "prefix": ("{path: model.pt, key: state_dict}", lambda path: _wrapped(path.with_name("model.pt"))),
    "key": ("{path: model.pt, key: state_dct}", lambda path: _wrapped(path.with_name("model.pt"))),
    "names": ("model.pt", _other_names),
    "collision": (
        '{path: model.pt, rename: {"fc.*": "conv.*"}}',
        lambda path: torch.save(_state(), path.with_name("model.pt")),
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_texts(folder: Path) -> None:
    said = ""
    for name, (section, make) in CASES.items():
        inner = folder / name
        inner.mkdir()
        os.chdir(inner)
        make(inner / section)
        Path("net.yaml").write_text(f"{NET.strip()}\nweights: {section}\n")
        found = archspec.check("net.yaml")
        text = "\n\n".join(diagnostic.render() for diagnostic in found)
        assert len(found) == 1, text
        with pytest.raises(archspec.SpecError) as refusal:
            archspec.build("net.yaml")
        assert [diagnostic.render() for diagnostic in refusal.value.diagnostics] == [text]
        said += (
            f"# {name}\n{text.replace(str(inner.resolve()), '/home/me').replace(str(folder.resolve()), '/home')}\n\n"
        )
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        GOLDEN.write_text(said)
    assert said == GOLDEN.read_text()
