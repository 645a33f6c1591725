"""A model as an ONNX file, which `onnxruntime` has run before the file is where it is asked for."""

from __future__ import annotations

import copy
import importlib.util
import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from archspec.emit.files import written
from archspec.emit.prove import tensors
from archspec.emit.samples import samples
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
    """The ONNX program, simplified by what changes no number.

    onnxscript's rewriting takes numbers for zero that are at most 1e-8, and for one that are 1e-5 from it: `x + 1e-10`
    would be `x`, and a square root or quotient that it guards would be infinite at zero.
    """
    from onnxscript import optimizer

    exported = program(graph, module)
    with quiet():
        made = torch.onnx.export(
            exported,
            dynamo=True,
            verbose=False,
            optimize=False,
            input_names=[parameter.name for parameter in graph.root.parameters],
            output_names=[output.name for output in graph.outputs if not output.training_only],
        )
        assert made is not None  # as it is where torch writes the file itself
        optimizer.inline(made.model)
        optimizer.fold_constants(made.model)
        optimizer.remove_unused_nodes(made.model)
    return made


def _checked(graph: Graph, module: nn.Module, path: Path) -> float | None:
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    worst = 0.0
    for batch in _BATCHES:
        given = samples(graph, module, batch)
        wanted = _outputs(module, given)
        steady = [apart(again, once) <= TOLERANCE for again, once in zip(_outputs(module, given), wanted, strict=True)]
        if not any(steady):
            raise _unlike(graph, "its outputs are random in eval mode too, and cannot be compared")
        try:
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            names = [each.name for each in session.get_inputs()]
            found = session.run(None, dict(zip(names, (each.numpy(force=True) for each in given), strict=False)))
        except Exception as error:  # onnxruntime has no class of its own for each of its faults
            raise _unlike(graph, f"onnxruntime refuses it: {reason(error)}") from None
        made = list(map(torch.from_numpy, found))
        difference = _difference(made, wanted, steady)
        if not difference <= TOLERANCE and not _is_as_exact(module, given, made, wanted, steady):
            most = f"at most {TOLERANCE:.0e} may"
            raise _unlike(graph, f"its outputs differ by {difference:.1e} of their largest magnitude; {most}")
        worst = max(worst, difference)
    return worst


def _is_as_exact(
    module: nn.Module, given: list[Tensor], made: list[Tensor], wanted: list[Tensor], steady: list[bool]
) -> bool:
    """Whether the file is hardly further from what 64 bits give than the module, whose 32 bits may be few: for a sum
    over thousands of features, say."""
    exact = _outputs(
        copy.deepcopy(module).double(), [each.double() if each.is_floating_point() else each for each in given]
    )
    return _difference(made, exact, steady) <= 2 * _difference(wanted, exact, steady)


def _outputs(module: nn.Module, given: list[Tensor]) -> list[Tensor]:
    modes = {name: inner.training for name, inner in module.named_modules()}
    with torch.no_grad():
        made = list(tensors(module.eval()(*given)))
    for name, inner in module.named_modules():
        inner.training = modes[name]
    return made


def _difference(made: list[Tensor], wanted: list[Tensor], steady: list[bool]) -> float:
    """The largest of the outputs that no chance decides."""
    pairs = zip(made, wanted, steady, strict=True)
    return max(apart(mine, other) for mine, other, is_steady in pairs if is_steady)


def apart(mine: Tensor, other: Tensor) -> float:
    """By how much two outputs differ, in parts of the second's largest finite magnitude."""
    given, exact = mine.double().cpu(), other.double().cpu()
    same = (given == exact) | (given.isnan() & exact.isnan())
    differences = torch.where(same, 0.0, (given - exact).abs()).nan_to_num(nan=math.inf, posinf=math.inf)
    difference = differences.max().item() if differences.numel() else 0.0
    magnitudes = exact.abs()[exact.isfinite()]
    largest = magnitudes.max().item() if magnitudes.numel() else 0.0
    return difference / max(largest, torch.finfo(torch.float32).tiny) if difference else 0.0


def _unlike(graph: Graph, why: str) -> UsageError:
    message = f"the ONNX file of `{graph.name}` is not the model, and was not kept: {why}"
    return UsageError(Diagnostic("AS711", message, help="export to `pt2` or `python` instead"))
