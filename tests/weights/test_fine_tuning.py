"""A net trained on the digits 0 to 4, saved, given a new head, and trained on with everything else frozen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import archspec

NET = """
archspec: 1
name: Digits
input: [1, 8, 8]
vars: {{num_classes: {classes}}}
layers:
  conv1: {{Conv2d: {{out_channels: 8, kernel_size: 3, padding: 1, bias: false}}}}
  bn1: BatchNorm2d
  relu1: ReLU
  layer1:
    - {{Conv2d: {{out_channels: 16, kernel_size: 3, stride: 2, padding: 1, bias: false}}}}
    - BatchNorm2d
    - ReLU
  pool: {{AdaptiveAvgPool2d: 2}}
  flatten: Flatten
  fc: {{Linear: $num_classes}}
train:
  data: {data}
  batch_size: 64
  epochs: {epochs}
  optimizer: {{SGD: {{lr: 0.1, momentum: 0.9, weight_decay: 1.0e-3}}}}
"""


def images(root: Path, digits: range) -> Path:
    """Some of the digits as a folder of images."""
    from PIL import Image

    from archspec.train.data.digits import load_arrays

    for phase, (pixels, labels) in zip(("train", "val"), load_arrays().values(), strict=True):
        for index, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            if int(label) in digits:
                folder = root / phase / str(int(label))
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray((image.reshape(8, 8).float() * 15).byte().numpy()).save(folder / f"{index}.png")
    return root


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of a net that knows 0 to 4, and the images of all digits."""
    folder = tmp_path_factory.mktemp("fine_tuning")
    few = images(folder / "few", range(5))
    images(folder / "all", range(10))
    spec = NET.format(classes=5, epochs=2, data=f"{{ImageFolder: {{root: '{few}', workers: 0}}}}")
    result = archspec.train(spec, out=folder / "run", device="cpu", quiet=True)
    assert result.history[-1]["eval_accuracy"] > 0.8
    (folder / "few.safetensors").write_bytes((folder / "run" / "last.safetensors").read_bytes())
    return folder


def test_only_the_head_changes(trained: Path, tmp_path: Path) -> None:
    spec = trained / "fine.yaml"
    data = f"{{ImageFolder: {{root: '{trained / 'all'}', workers: 0}}}}"
    spec.write_text(
        NET.format(classes=10, epochs=2, data=data)
        + 'weights: {path: few.safetensors, allow: {missing: ["fc.*"], unexpected: ["fc.*"]}}\n'
        + 'freeze: ["conv1.*", "bn1.*", "layer1.*"]\n'
    )
    assert archspec.check(spec) == ()
    before = archspec.build(spec)
    result = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)
    few, after = load_file(trained / "few.safetensors"), load_file(tmp_path / "run" / "last.safetensors")
    assert after.keys() == few.keys()
    for name, tensor in after.items():
        if name.startswith("fc."):
            assert tensor.shape[0] == 10
            assert not torch.equal(tensor, before.state_dict()[name]), name
        else:
            assert torch.equal(tensor, few[name]), name
    assert result.history[-1]["train_loss"] < result.history[0]["train_loss"]
    fresh = archspec.load(spec).build(weights=tmp_path / "run" / "last.safetensors")
    assert torch.equal(fresh.fc.weight, after["fc.weight"])


def test_the_optimiser_never_sees_what_is_frozen(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archspec.train import parts

    seen: list[nn.Parameter] = []
    real = parts._make

    def make(group: str, named: object, *supplied: object) -> object:
        if group == "optimizers":
            seen.extend(p for each in supplied[0] for p in each["params"])  # type: ignore[attr-defined]
        return real(group, named, *supplied)  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "_make", make)
    spec = NET.format(classes=10, epochs=1, data="digits") + 'freeze: ["conv1.*", "bn1.*", "layer1.*"]\n'
    result = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)
    assert {id(parameter) for parameter in seen} == {id(parameter) for parameter in result.model.fc.parameters()}


def test_half_of_an_allowance_is_made_whole(trained: Path) -> None:
    spec = trained / "half.yaml"
    half, whole = '{missing: ["fc.*"]}', '{missing: ["fc.*"], unexpected: ["fc.*"]}'
    spec.write_text(
        NET.format(classes=10, epochs=1, data="digits") + f"weights: {{path: few.safetensors, allow: {half}}}\n"
    )
    with pytest.raises(archspec.SpecError) as caught:
        archspec.build(spec)
    (fault,) = caught.value.diagnostics
    assert f"allow: {whole}}}`" in str(fault.help)
    spec.write_text(spec.read_text().replace(half, whole))
    archspec.build(spec)
