"""One file that is the whole model: what goes in comes out, and any other file is refused by name."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import archspec
from tests.weights.crafted import NET, net

SPEC, HASH, VERSION = "archspec.spec", "archspec.spec_sha256", "archspec.version"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    archspec.load(NET).save_weights(net(), path)
    return path


def said(path: Path) -> dict[str, str]:
    """A file's metadata, read without any library."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length])["__metadata__"]


def changed(path: Path, metadata: Callable[[dict[str, str]], dict[str, str]] = dict, **tensors: Any) -> Path:
    """The same file with other metadata, or with other tensors; None takes one away."""
    state = {**load_file(path), **tensors}
    said_before = said(path)
    save_file({name: tensor for name, tensor in state.items() if tensor is not None}, path, metadata(said_before))
    return path


def with_spec(path: Path, spec: str, **more: str) -> Path:
    digest = hashlib.sha256(spec.encode()).hexdigest()
    return changed(path, lambda before: {**before, SPEC: spec, HASH: digest, **more})


def refusal(path: Path, **options: Any) -> archspec.Diagnostic:
    with pytest.raises(archspec.UsageError) as caught:
        archspec.from_file(path, **options)
    assert path.name in caught.value.diagnostic.message
    return caught.value.diagnostic


def test_the_model_comes_back_from_the_file_alone(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = net()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    model = archspec.from_file(file)
    assert type(model) is type(original)
    assert list(model.state_dict()) == list(original.state_dict())
    assert all(
        torch.equal(a, b) for a, b in zip(model.state_dict().values(), original.state_dict().values(), strict=True)
    )
    assert model.training
    file.unlink()
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(model(x), original(x))


def test_what_the_file_says(file: Path) -> None:
    metadata = said(file)
    assert metadata[VERSION] == archspec.__version__
    assert metadata[HASH] == hashlib.sha256(metadata[SPEC].encode()).hexdigest()
    assert archspec.load(metadata[SPEC]).to_json() == metadata[SPEC] == archspec.load(NET).to_json()


def test_nothing_is_initialised(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for name in ("normal_", "uniform_", "fill_", "zero_"):
        real = getattr(torch.Tensor, name)
        monkeypatch.setattr(
            torch.Tensor, name, lambda t, *a, _n=name, _r=real, **k: (drawn.append(_n), _r(t, *a, **k))[1]
        )
    archspec.from_file(file)
    assert drawn == []


def test_settings_are_in_the_spec_and_its_checkpoint_is_not(tmp_path: Path) -> None:
    text = "archspec: 1\ninput: [4]\nvars: {n: 3}\nweights: first.safetensors\nlayers: {fc: {Linear: $n}}\n"
    architecture = archspec.load(text, n=7)
    architecture.save_weights(architecture.build(weights=False), tmp_path / "net.safetensors")
    assert archspec.from_file(tmp_path / "net.safetensors").fc.out_features == 7
    assert "first" not in said(tmp_path / "net.safetensors")[SPEC]


def test_tied_and_frozen_parameters_stay_so(tmp_path: Path) -> None:
    text = (
        "archspec: 1\ninput: {shape: [5], dtype: int64}\nfreeze: [norm.*]\nlayers:\n"
        "  wte: {Embedding: {num_embeddings: 9, embedding_dim: 4}}\n  norm: {LayerNorm: 4}\n"
        "  head: {Linear: {out_features: 9, bias: false}, tie: {weight: wte.weight}}\n"
    )
    architecture = archspec.load(text)
    architecture.save_weights(architecture.build(), tmp_path / "net.safetensors")
    model = archspec.from_file(tmp_path / "net.safetensors")
    assert model.head.weight is model.wte.weight
    assert not model.norm.weight.requires_grad


def test_the_element_type_is_the_file_s_unless_another_is_asked_for(tmp_path: Path) -> None:
    architecture = archspec.load(NET)
    architecture.save_weights(architecture.build(dtype="bfloat16"), tmp_path / "net.safetensors")
    assert archspec.from_file(tmp_path / "net.safetensors").fc.weight.dtype is torch.bfloat16
    model = archspec.from_file(tmp_path / "net.safetensors", dtype=torch.float32)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_on_meta_nothing_is_allocated(file: Path) -> None:
    assert all(tensor.is_meta for tensor in archspec.from_file(file, device="meta").parameters())


def test_a_run_s_weights_are_a_whole_model(tmp_path: Path) -> None:
    result = archspec.train("specs/mlp.yaml", set=["train.epochs=1"], out=tmp_path / "run", quiet=True, device="cpu")
    model = archspec.from_file(tmp_path / "run" / "best.safetensors").eval()
    x = torch.randn(2, 1, 28, 28)
    assert torch.equal(model(x), result.model.eval()(x))


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_truncated_file(file: Path, keep: int) -> None:
    file.write_bytes(file.read_bytes()[:keep])
    assert refusal(file).code in ("AS452", "AS453")


@pytest.mark.parametrize("content", [b"archspec: 1\n", b"\x08\x07onnx"])
def test_a_foreign_file_is_told_what_from_file_takes(file: Path, content: bytes) -> None:
    file.write_bytes(content * 20)
    found = refusal(file)
    assert found.code == "AS452"
    assert (found.help or "").startswith("`from_file` takes a safetensors file")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.safetensors").code == "AS451"


def test_a_file_without_a_spec(file: Path) -> None:
    save_file(load_file(file), file)
    found = refusal(file)
    assert found.code == "AS460"
    assert "archspec.build(" in (found.help or "")
    torch.save(net().state_dict(), file)
    assert refusal(file).code == "AS460"


@pytest.mark.parametrize("digest", ["0" * 64, "", None])
def test_a_wrong_hash(file: Path, digest: str | None) -> None:
    given = {} if digest is None else {HASH: digest}
    changed(file, lambda before: {key: value for key, value in before.items() if key != HASH} | given)
    assert refusal(file).code == "AS461"


def test_metadata_that_is_no_text(file: Path) -> None:
    raw = file.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"][SPEC] = {"archspec": 1}
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
    assert refusal(file).code == "AS453"


@pytest.mark.parametrize(
    ("tensors", "word"),
    [
        pytest.param({"fc.bias": None}, "1 missing", id="missing"),
        pytest.param({"more": torch.zeros(1)}, "1 unexpected", id="extra"),
        pytest.param({"fc.bias": torch.zeros(11)}, "1 of another shape", id="ill-shaped"),
        pytest.param({"fc.bias": torch.zeros(10, dtype=torch.int64)}, "1 of another element type", id="integers"),
    ],
)
def test_tensors_that_are_not_the_spec_s(file: Path, tensors: dict[str, Any], word: str) -> None:
    found = refusal(changed(file, **tensors))
    assert found.code == "AS456"
    assert word in found.message
    assert any(name in note for name in tensors for note in found.notes)


def test_a_spec_of_a_newer_language(file: Path) -> None:
    newer = said(file)[SPEC].replace('"archspec": 1', '"archspec": 2')
    with pytest.raises(archspec.SpecError) as caught:
        archspec.from_file(with_spec(file, newer, **{VERSION: "9.0.0"}))
    (fault,) = caught.value.diagnostics
    assert fault.code == "AS104"
    assert fault.span is not None
    assert fault.span.source.name == "net.safetensors:spec.json"
    assert "written by archspec 9.0.0" in fault.notes[-1]


def test_a_stranger_s_spec_goes_through_the_same_door(file: Path) -> None:
    outside = {"archspec": 1, "extends": "/etc/passwd"}
    with pytest.raises(archspec.SpecError) as caught:
        archspec.from_file(with_spec(file, json.dumps(outside)))
    assert caught.value.diagnostics[0].span is not None
    bomb = {"archspec": 1, "input": [4], "layers": {"fc": {"Linear": 10**12}}}
    with pytest.raises((archspec.SpecError, archspec.UsageError)):
        archspec.from_file(with_spec(file, json.dumps(bomb)))
    for text in ("", "{", "[]", "{" * 100_000):
        with pytest.raises((archspec.SpecError, archspec.UsageError)):
            archspec.from_file(with_spec(file, text))


def test_a_checkpoint_that_the_spec_names_is_not_asked_for(file: Path) -> None:
    spec = json.loads(said(file)[SPEC]) | {"weights": "../../secret.pt"}
    model = archspec.from_file(with_spec(file, json.dumps(spec)))
    assert torch.equal(model.fc.weight, net().fc.weight)


def test_a_model_that_is_too_large_is_not_allocated(file: Path) -> None:
    with pytest.raises(archspec.UsageError) as caught:
        archspec.from_file(file, max_params=100)
    assert caught.value.diagnostic.code == "AS703"
