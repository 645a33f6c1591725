"""A model as an ONNX file, which `onnxruntime` has run before the file is where it is asked for."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from archspec.emit.files import written
from archspec.emit.prove import samples, tensors
from archspec.emit.trace import program, quiet, reason, refused
from archspec.errors import Diagnostic, UsageError
from archspec.graph.nodes import Graph

TOLERANCE = 1e-5
"""Of an output's largest magnitude."""

_BATCHES = (2, 3)


def save_onnx(graph: Graph, module: nn.Module, path: str | os.PathLike[str]) -> float | None:
    """Write a module, as it is in eval mode, for any batch size.

    Where onnxruntime is installed, it has run the file at two batch sizes.

    Returns:
        The largest difference from the module's outputs that it has shown; None where it is not installed.

    Raises:
        UsageError: AS705, the file cannot be written; AS708, AS709, torch cannot export the model; AS710, `onnx` or
            `onnxscript` is not installed; AS711, onnxruntime refuses the file or gives other outputs.
    """
    _require_extra()
    try:
        translated = _translated(graph, module)
    except Exception as error:  # whatever torch's exporter raises
        raise refused(graph, "onnx", error, _translated) from None
    with written(path) as temporary, quiet():
        translated.save(temporary)
        return _checked(graph, module, temporary)


def _require_extra() -> None:
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        listed = " and ".join(f"`{name}`" for name in missing)
        help = "`pip install archspec-nn[onnx]`"
        raise UsageError(Diagnostic("AS710", f"an export to onnx needs {listed}, not installed here", help=help))


def _translated(graph: Graph, module: nn.Module) -> Any:
    exported = program(graph, module)
    with quiet():
        return torch.onnx.export(
            exported,
            dynamo=True,
            verbose=False,
            input_names=[parameter.name for parameter in graph.root.parameters],
            output_names=[output.name for output in graph.outputs if not output.training_only],
        )


def _checked(graph: Graph, module: nn.Module, path: Path) -> float | None:
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    worst = 0.0
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for batch in _BATCHES:
            given = samples(graph, module, batch)
            names = [each.name for each in session.get_inputs()]
            made = session.run(None, dict(zip(names, (each.numpy(force=True) for each in given), strict=False)))
            worst = max(worst, _difference(made, _outputs(module, given)))
    except Exception as error:  # onnxruntime has no class of its own for each of its faults
        raise _unlike(graph, f"onnxruntime refuses it: {reason(error)}") from None
    if not worst <= TOLERANCE:
        raise _unlike(
            graph, f"its outputs differ by {worst:.1e} of their largest magnitude; at most {TOLERANCE:.0e} may"
        )
    return worst


def _outputs(module: nn.Module, given: list[torch.Tensor]) -> list[torch.Tensor]:
    modes = {name: inner.training for name, inner in module.named_modules()}
    with torch.no_grad():
        made = list(tensors(module.eval()(*given)))
    for name, inner in module.named_modules():
        inner.training = modes[name]
    return made


def _difference(made: list[Any], wanted: list[torch.Tensor]) -> float:
    worst = 0.0
    for mine, other in zip(made, wanted, strict=True):
        exact = other.double().cpu()
        apart = (torch.from_numpy(mine).double() - exact).abs().max().item() if exact.numel() else 0.0
        worst = max(worst, apart / max(exact.abs().max().item(), torch.finfo(torch.float32).tiny) if apart else 0.0)
    return worst


def _unlike(graph: Graph, why: str) -> UsageError:
    message = f"the ONNX file of `{graph.name}` is not the model, and was not kept: {why}"
    return UsageError(Diagnostic("AS711", message, help="export to `pt2` or `python` instead"))
