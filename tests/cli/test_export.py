"""`archspec export`: files that others load, and why one cannot be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import archspec
from archspec.emit import onnx as onnx_form
from tests.cli.run import Shell

WITHOUT_ARCHSPEC = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("archspec", "tests"):
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, Blocker())
"""


def in_a_fresh_process(code: str, folder: Path) -> str:
    """What code prints in a process that cannot import archspec, by whatever path."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", WITHOUT_ARCHSPEC + code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_process_cannot_import_archspec(tmp_path: Path) -> None:
    code = "try:\n    import archspec\nexcept ImportError as error:\n    print(error)\n"
    assert in_a_fresh_process(code, tmp_path) == "archspec is not to be had here\n"


def test_pt2_runs_without_archspec_at_another_batch_size(shell: Shell, specs: Path) -> None:
    run = shell("export", "good.yaml", "--to", "pt2", "-o", "good.pt2", "--seed", 3)
    assert (run.status, run.out) == (0, "")
    assert "pt2 written to good.pt2" in run.err
    x = torch.randn(7, 4)
    torch.save((x, archspec.load("good.yaml").build(seed=3).eval()(x).detach()), "expected.pt")
    code = (
        "import torch\nx, wanted = torch.load('expected.pt')\ntorch.set_num_threads(1)\n"
        "model = torch.export.load('good.pt2').module()\n"
        "print(torch.equal(model(x), wanted), torch.equal(model(x[:1]), wanted[:1]) or 'close')\n"
    )
    assert in_a_fresh_process(code, specs).startswith("True ")


def test_onnx_runs_at_another_batch_size(shell: Shell, specs: Path) -> None:
    import onnxruntime

    run = shell("export", "good.yaml", "--to", "onnx", "-o", "good.onnx")
    assert run.status == 0
    assert "onnxruntime gives the same to" in run.err
    x = torch.randn(7, 4)
    session = onnxruntime.InferenceSession("good.onnx")
    assert [each.name for each in session.get_inputs()] == ["input"]
    assert [each.name for each in session.get_outputs()] == ["output"]
    made = torch.from_numpy(session.run(None, {"input": x.numpy()})[0])
    assert made.allclose(archspec.build("good.yaml").eval()(x), rtol=1e-5, atol=1e-5)
    assert sorted(file.name for file in specs.iterdir()) == ["bad.yaml", "good.onnx", "good.yaml", "warned.yaml"]


NESTED = """
archspec: 1
inputs: {image: [3, 8, 8], meta: [2]}
layers:
  conv: {Conv2d: {out_channels: 4, kernel_size: 3}, from: image}
  pool: {AdaptiveAvgPool2d: 1}
  flatten: Flatten
  both: {concat: [flatten, meta]}
  fc: {Linear: 3}
  aux: {Linear: 2, from: flatten}
outputs: {logits: fc, features: flatten, aux: {from: aux, training: true}}
"""


def test_several_inputs_and_named_outputs_keep_their_names(shell: Shell, specs: Path) -> None:
    import onnxruntime

    Path("nested.yaml").write_text(NESTED)
    for form in ("onnx", "pt2"):
        assert shell("export", "nested.yaml", "--to", form, "-o", f"nested.{form}").status == 0
    image, meta = torch.randn(5, 3, 8, 8), torch.randn(5, 2)
    wanted = archspec.build("nested.yaml").eval()(image, meta)
    session = onnxruntime.InferenceSession("nested.onnx")
    names = [each.name for each in session.get_outputs()]
    assert names == ["logits", "features"]
    made = session.run(None, {"image": image.numpy(), "meta": meta.numpy()})
    loaded = torch.export.load("nested.pt2").module()(image, meta)
    assert list(loaded) == names
    for name, value in zip(names, made, strict=True):
        assert torch.from_numpy(value).allclose(wanted[name], rtol=1e-5, atol=1e-6)
        assert loaded[name].equal(wanted[name])


def test_safetensors_takes_weights_from_a_file_or_a_run(shell: Shell, specs: Path) -> None:
    architecture = archspec.load("good.yaml")
    architecture.save_weights(architecture.build(seed=5), "five.safetensors")
    run = shell("export", "good.yaml", "--to", "safetensors", "--weights", "five.safetensors", "-o", "out.safetensors")
    assert run.status == 0
    assert "8 tensors loaded" in run.err
    assert archspec.from_file("out.safetensors").fc.weight.equal(architecture.build(seed=5).fc.weight)
    (specs / "run").mkdir()
    (specs / "run" / "spec.yaml").write_text(Path("good.yaml").read_text())
    architecture.save_weights(architecture.build(seed=6), "run/best.safetensors")
    for arguments in (["run"], ["good.yaml", "--weights", "run"], ["run", "--weights", "run/best.safetensors"]):
        assert shell("export", *arguments, "--to", "safetensors", "-o", "out.safetensors").status == 0
        assert archspec.from_file("out.safetensors").fc.weight.equal(architecture.build(seed=6).fc.weight)
    assert shell("export", "run", "--no-weights", "--to", "safetensors", "-o", "out.safetensors").status == 0
    assert archspec.from_file("out.safetensors").fc.weight.equal(architecture.build().fc.weight)


@pytest.mark.parametrize(
    "arguments",
    [["--to", "onnx"], ["--to", "pt2"], ["--to", "safetensors"], ["--to", "json", "--weights", "x"], ["--to", "tar"]],
)
def test_wrong_usage(shell: Shell, specs: Path, arguments: list[str]) -> None:
    run = shell("export", "good.yaml", *arguments)
    assert run.status == 2
    assert "Usage: archspec export" in run.err


@pytest.mark.parametrize("form", ["python", "safetensors", "pt2", "onnx"])
def test_an_unwritable_output_leaves_nothing(shell: Shell, specs: Path, form: str) -> None:
    run = shell("export", "good.yaml", "--to", form, "-o", "nowhere/file")
    assert run.status == 2
    assert "error[AS705]" in run.err
    Path("taken").mkdir()
    run = shell("export", "good.yaml", "--to", form, "-o", "taken")
    assert (run.status, list(Path("taken").iterdir())) == (2, [])
    assert not [file.name for file in specs.iterdir() if file.name.startswith(".")]


def test_a_missing_extra(shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = onnx_form.importlib.util.find_spec
    absent = {"onnx", "onnxscript"}
    monkeypatch.setattr(onnx_form.importlib.util, "find_spec", lambda name: None if name in absent else real(name))
    run = shell("export", "good.yaml", "--to", "onnx", "-o", "good.onnx")
    assert run.status == 2
    assert "error[AS710]" in run.err
    assert "pip install archspec-nn[onnx]" in run.err
    absent = {"onnxruntime"}
    run = shell("export", "good.yaml", "--to", "onnx", "-o", "good.onnx")
    assert run.status == 0
    assert "not checked" in run.err


def test_a_text_that_cannot_be_written_leaves_nothing(shell: Shell, specs: Path) -> None:
    Path("folder").mkdir()
    run = shell("export", "good.yaml", "-o", "folder")
    assert run.err.startswith("error[AS705]: cannot write `folder`: is a directory\n")
    assert not list(Path().glob("*.part"))


def test_a_text_takes_the_place_of_what_a_link_leads_to(shell: Shell, specs: Path) -> None:
    Path("real.py").write_text("before")
    Path("link.py").symlink_to("real.py")
    assert shell("export", "good.yaml", "-o", "link.py").status == 0
    assert Path("link.py").is_symlink()
    assert "import torch" in Path("real.py").read_text()
    assert not list(Path().glob("*.part"))


def test_small_numbers_are_kept(shell: Shell, specs: Path) -> None:
    layers = "layers: {a: {add: 1.0e-10}, b: {sqrt: }, c: {mul: 1.000002}, d: {sub: 1.0e-9, from: input}}"
    Path("small.yaml").write_text(f"archspec: 1\ninput: [4]\n{layers}\noutputs: [c, d]\n")
    assert shell("export", "small.yaml", "--to", "onnx", "-o", "small.onnx").status == 0
    session = onnxruntime.InferenceSession("small.onnx", providers=["CPUExecutionProvider"])
    rooted, less = session.run(None, {"input": np.zeros((1, 4), np.float32)})
    np.testing.assert_allclose(rooted, 1e-5 * 1.000002, rtol=1e-6)
    np.testing.assert_allclose(less, -1e-9, rtol=1e-6)


def test_a_file_that_is_another_model_is_not_kept(shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = onnx_form._outputs
    monkeypatch.setattr(onnx_form, "_outputs", lambda *given: [made * 1.001 for made in real(*given)])
    run = shell("export", "good.yaml", "--to", "onnx", "-o", "good.onnx")
    assert run.status == 2
    assert "error[AS711]" in run.err
    assert not Path("good.onnx").exists()


class Rounding(torch.nn.Module):
    """Loses what 32 bits cannot hold beside ten thousand."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + 1e4) - 1e4


@pytest.mark.parametrize(("times", "is_kept"), [(0, True), (1, True), (4, False)])
def test_a_file_may_be_as_far_from_the_module_as_32_bits_make_the_module(times: int, is_kept: bool) -> None:
    given = [torch.tensor([0.1234567])]
    wanted = [Rounding()(given[0])]
    error = (wanted[0].double() - given[0].double()).abs().float()
    assert error > 1e-5
    made = [wanted[0] + times * error]
    assert onnx_form._is_as_exact(Rounding(), given, made, wanted, [True]) is is_kept


@pytest.mark.parametrize(("as_exact", "status"), [(True, 0), (False, 2)])
def test_a_file_that_is_as_exact_is_kept(
    as_exact: bool, status: int, shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_form, "_difference", lambda *outputs: 1.0)
    monkeypatch.setattr(onnx_form, "_is_as_exact", lambda *judged: as_exact)
    assert shell("export", "good.yaml", "--to", "onnx", "-o", "good.onnx").status == status
    assert Path("good.onnx").exists() is as_exact


def test_what_is_drawn_is_not_compared_and_the_rest_is(shell: Shell, specs: Path) -> None:
    drawn = "layers:\n  mean: {Linear: 3}\n  noise: {randn_like: mean}\n  drawn: {add: [mean, noise]}\n"
    Path("drawn.yaml").write_text(f"archspec: 1\ninput: [4]\n{drawn}outputs: [drawn, mean]\n")
    assert shell("export", "drawn.yaml", "--to", "onnx", "-o", "drawn.onnx").status == 0
    Path("noise.yaml").write_text(f"archspec: 1\ninput: [4]\n{drawn}")
    run = shell("export", "noise.yaml", "--to", "onnx", "-o", "noise.onnx")
    assert run.status == 2
    assert "its outputs are random in eval mode too" in run.err


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1.0])
def test_outputs_that_differ_in_one_place(wrong: float) -> None:
    right = torch.tensor([2.0, float("-inf"), float("nan"), 0.0])
    assert onnx_form.apart(right, right.clone()) == 0
    assert onnx_form.apart(torch.tensor([wrong, float("-inf"), float("nan"), 0.0]), right) >= 0.5
    assert onnx_form.apart(torch.tensor([2.0, float("-inf"), float("nan"), wrong]), right) >= 0.5


def test_a_layer_that_onnx_does_not_have_is_named_with_its_line(shell: Shell, specs: Path) -> None:
    Path("net.yaml").write_text("archspec: 1\ninput: [4]\nlayers:\n  fc: {Linear: 3}\n  act: RReLU\n")
    run = shell("export", "net.yaml", "--to", "onnx", "-o", "net.onnx")
    assert run.status == 2
    assert "error[AS708]: `act` cannot be exported to onnx" in run.err
    assert "--> net.yaml:5:8" in run.err
    assert "torch says: " in run.err
    assert not Path("net.onnx").exists()
    assert shell("export", "net.yaml", "--to", "pt2", "-o", "net.pt2").status == 0


def test_onnx_is_loaded_only_when_it_is_asked_for() -> None:
    code = (
        "import sys, archspec\narchspec.build('specs/perceptron.yaml')\n"
        "print(sorted({'onnx', 'onnxruntime', 'onnxscript'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
