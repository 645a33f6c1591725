"""Exports specs of the zoo in every form and writes what came of it into docs/exports.md.

Run: python -m tools.generate_exports [SPEC …]; without specs all of them, which takes half an hour. Other rows stay.
The exit status is 1 where a form is not equal.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import archspec
from archspec.emit.prove import tensors
from archspec.emit.samples import samples
from archspec.errors import UsageError

ROOT = Path(__file__).parents[1]
DOC = ROOT / "docs" / "exports.md"
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
FORMS = ("python", "json", "safetensors", "pt2", "onnx")
_HEAD = "| spec | at | " + " | ".join(FORMS) + " |\n|---|---|" + "---|" * len(FORMS) + "\n"
_LANGUAGE = {"vocabulary": 1000, "context": 64, "features": 128, "hidden": 448, "heads": 8, "kv_heads": 2, "layers": 4}
_SMALLER: dict[str, dict[str, int]] = {
    "gpt2": {"length": 64},
    "inception_v3": {},  # its auxiliary classifier takes 299×299 only
    "llama": _LANGUAGE,
    "llama3_405b": _LANGUAGE,
    "resnet34_notes": {},  # its last layer takes 224×224 only
    "wavenet": {"length": 1024},
}
_SIDE = 96
"""What images are made to measure where the spec lets them, for the sake of time: layers and weights are the same."""


def smaller(path: Path) -> dict[str, int]:
    """The variables with which a spec is exported, so that it takes a minute and fits into memory."""
    if path.stem in _SMALLER:
        return _SMALLER[path.stem]
    return {"size": _SIDE} if archspec.load(path).variables.get("size", 0) > _SIDE else {}


def row(path: Path) -> str:
    """The table's line for a spec: for each form, `equal`, or why there is none."""
    variables = smaller(path)
    architecture = archspec.load(path, **variables)
    module = architecture.build(seed=1).eval()
    cells = (_cell(check, architecture, module) for check in (_python, _json, _safetensors, _pt2, _onnx))
    sizes = ", ".join(f"{name} {value}" for name, value in variables.items()) or "its own sizes"
    return f"| {path.stem} | {sizes} | " + " | ".join(cells) + " |"


def _cell(check: Callable[..., None], architecture: archspec.Architecture, module: nn.Module) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(architecture, module, Path(folder) / "model")
        except UsageError as error:
            return f"{error.diagnostic.code}: {error.diagnostic.message}"
        except AssertionError as error:
            return " ".join(f"not equal: {error}".split()).replace("|", "/")
    return "equal"


def _python(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(compile(architecture.to_python(), "exported.py", "exec"), namespace)
    made = [each for each in namespace.values() if getattr(each, "__module__", None) == "exported"]
    other = made[-1]()  # type: ignore[operator]  # the model's class stands last
    assert list(other.state_dict()) == list(module.state_dict())
    other.load_state_dict(module.state_dict())
    _same(architecture, module, other.eval(), exact=True)


def _json(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    text = architecture.to_json()
    again = archspec.load(text)
    assert again.to_json() == text
    assert archspec.load(architecture.to_yaml()).to_json() == text
    _same(architecture, module, again.build(seed=1).eval(), exact=True)


def _safetensors(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    architecture.save_weights(module, path)
    _same(architecture, module, archspec.from_file(path).eval(), exact=True)


def _pt2(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    path = path.with_suffix(".pt2")
    architecture.save_pt2(module, path)
    _same(architecture, module, torch.export.load(path).module(), exact=False)


def _onnx(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    assert architecture.save_onnx(module, path.with_suffix(".onnx")) is not None, "install the extra `onnx`"


def _same(architecture: archspec.Architecture, module: nn.Module, other: nn.Module, *, exact: bool) -> None:
    given = samples(architecture.graph, module, 3)  # not the batch size of which it was traced
    with torch.no_grad():
        torch.manual_seed(0)  # a variational autoencoder draws in eval mode too
        wanted = list(tensors(module(*given)))
        torch.manual_seed(0)
        for mine, theirs in zip(wanted, tensors(other(*given)), strict=True):
            rtol, atol = (0.0, 0.0) if exact else (1e-5, 1e-5 * mine.abs().max().item())
            torch.testing.assert_close(theirs, mine, rtol=rtol, atol=atol)


def rows(text: str) -> dict[str, str]:
    """The table's lines in docs/exports.md, by spec; the table stands last in it."""
    return {
        found[1]: line for line in text.partition(_HEAD)[2].splitlines() if (found := re.match(r"\| (\w+) \|", line))
    }


def main(names: list[str]) -> int:
    """Measure and write; a row at a time, so that what is done stays done."""
    unequal = 0
    for path in SPECS:
        if names and path.stem not in names:
            continue
        made = row(path)
        text = DOC.read_text(encoding="utf-8")
        known = rows(text) | {path.stem: made}
        print(made, flush=True)
        unequal += made.count("equal |") < len(FORMS)
        table = "\n".join(known[each.stem] for each in SPECS if each.stem in known)
        DOC.write_text(f"{text.partition(_HEAD)[0]}{_HEAD}{table}\n", encoding="utf-8")
    return int(unequal > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
