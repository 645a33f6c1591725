"""The compiled module run once, every shape compared with the inferred one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from archspec.emit.samples import concrete, samples
from archspec.graph.nodes import Call, Graph
from archspec.tensors import show_shape


def disagreements(graph: Graph, module: nn.Module) -> list[str]:
    """Where the module does not do what was inferred; each a sentence. None should ever be found.

    Args:
        graph: what the module was built from.
        module: on any device. It is run in eval mode on random data, a batch of two, without gradients.
    """
    seen: dict[str, list[Any]] = {}
    owners = dict(module.named_modules())
    calls = [call for call in graph.calls() if call.op.is_module]
    paths = dict.fromkeys(call.module or call.path for call in calls)
    hooks = [owners[path].register_forward_hook(_keep(seen, path)) for path in paths]
    training = {path: owner.training for path, owner in owners.items()}
    try:
        with torch.no_grad():
            result = module.eval()(*samples(graph, module))
    finally:
        for hook in hooks:
            hook.remove()
        for path, owner in owners.items():
            owner.training = training[path]
    by_module: dict[str, list[Call]] = {path: [] for path in paths}
    for call in calls:
        by_module[call.module or call.path].append(call)
    pairs = [pair for path, made in seen.items() for pair in _pairs(by_module[path], made)]
    found = [_compare(call, output) for call, output in pairs]
    found.append(_compare_results(graph, result))
    return [sentence for sentence in found if sentence is not None]


def _pairs(calls: list[Call], made: list[Any]) -> Iterator[tuple[Call, Any]]:
    """Each call of a module with what it gave; none where some ran in training mode only."""
    if len(calls) == len(made):
        yield from zip(calls, made, strict=True)


def _keep(seen: dict[str, list[Any]], path: str) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        seen.setdefault(path, []).append(output)

    return hook


def _compare(call: Call, output: Any) -> str | None:
    made = tuple(tensors(output))
    wanted = tuple(concrete(type_.shape) for type_ in call.outputs)
    got = tuple(tuple(tensor.shape) for tensor in made)
    return None if got == wanted else f"`{call.path}` was inferred to give {wanted}, but gave {got}"


def tensors(output: Any) -> Iterator[torch.Tensor]:
    """The tensors of nested results, in order; None stands for one that was not asked for."""
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, (tuple, list)):
        for item in output:
            yield from tensors(item)
    elif isinstance(output, dict):
        yield from tensors(list(output.values()))


def _compare_results(graph: Graph, result: Any) -> str | None:
    if isinstance(result, torch.Tensor):
        made = [result]
    else:
        made = list(result.values() if isinstance(result, dict) else result)
    outputs = [output for output in graph.outputs if not output.training_only]
    wanted = [concrete(output.type.shape) for output in outputs]
    got = [tuple(tensor.shape) for tensor in made]
    if got == wanted:
        return None
    return "the outputs were inferred as " + ", ".join(map(show_shape, wanted)) + f" for a batch of 2, but are {got}"
