"""Exports specs of the zoo in every form and writes what came of it into docs/exports.md.

Run: python -m tools.generate_exports [SPEC …]; without specs all of them, which takes a while. Other rows stay.
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
from archspec.emit.prove import samples, tensors
from archspec.errors import UsageError

ROOT = Path(__file__).parents[1]
DOC = ROOT / "docs" / "exports.md"
SPECS = sorted(path for path in (ROOT / "specs").rglob("*.yaml") if path.stem != "llama3_405b")  # 405 · 10⁹ parameters
FORMS = ("python", "safetensors", "pt2", "onnx")
_HEAD = "| spec | " + " | ".join(FORMS) + " |\n|---|" + "---|" * len(FORMS) + "\n"
_SMALL = {"vit_b_16": {"size": 32}}


def row(path: Path) -> str:
    """The table's line for a spec: for each form, `equal`, or why there is none."""
    architecture = archspec.load(path, **_SMALL.get(path.stem, {}))
    module = architecture.build(seed=1).eval()
    cells = (_cell(check, architecture, module) for check in (_python, _safetensors, _pt2, _onnx))
    return f"| {path.stem} | " + " | ".join(cells) + " |"


def _cell(check: Callable[..., None], architecture: archspec.Architecture, module: nn.Module) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(architecture, module, Path(folder) / "model")
        except UsageError as error:
            return f"{error.diagnostic.code}: {error.diagnostic.message}"
    return "equal"


def _python(architecture: archspec.Architecture, module: nn.Module, path: Path) -> None:
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(compile(architecture.to_python(), "exported.py", "exec"), namespace)
    made = [each for each in namespace.values() if getattr(each, "__module__", None) == "exported"]
    other = made[-1]()  # type: ignore[operator]  # the model's class stands last
    assert list(other.state_dict()) == list(module.state_dict())
    other.load_state_dict(module.state_dict())
    _same(architecture, module, other.eval(), exact=True)


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


def main(names: list[str]) -> None:
    """Measure and write; a row at a time, so that what is done stays done."""
    for path in SPECS:
        if names and path.stem not in names:
            continue
        made = row(path)
        text = DOC.read_text(encoding="utf-8")
        known = rows(text) | {path.stem: made}
        print(known[path.stem], flush=True)
        table = "\n".join(known[each.stem] for each in SPECS if each.stem in known)
        DOC.write_text(f"{text.partition(_HEAD)[0]}{_HEAD}{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
