"""torch as the judge: a spec and the same network written by hand must be one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import archspec
from archspec.emit.python.source import python_source
from archspec.graph import invariants


def load(body: str, **variables: Any) -> archspec.Architecture:
    """A spec without its first line, checked, its graph's invariants too."""
    architecture = archspec.load(f"archspec: 1\n{body}", **variables)
    invariants.check(architecture.graph)
    return architecture


def build(body: str, **variables: Any) -> nn.Module:
    """The module of a spec, every inferred shape proven."""
    architecture = load(body, **variables)
    module = architecture.build()
    assert architecture.prove(module) == ()
    return module


def faults(body: str, **variables: Any) -> list[tuple[str, str]]:
    """Code and marked text of each error of a spec."""
    found = archspec.check(f"archspec: 1\n{body}", **variables)
    return [(fault.code, fault.span.text if fault.span else "") for fault in found if fault.severity == "error"]


class Hand(nn.Module):
    """A network written by hand: its children in order, and its forward as a function of itself and the inputs."""

    def __init__(self, forward: Callable[..., Any], **children: nn.Module | None) -> None:
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)
        self._forward = forward

    def forward(self, *inputs: Tensor) -> Any:
        return self._forward(self, *inputs)


def shuffled(module: nn.Module) -> nn.Module:
    """The module with everything in its state random, so that two layers cannot be mistaken for each other."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.1, 0.6, generator=generator)
    return module


def samples(architecture: archspec.Architecture, batch: int = 3) -> list[Tensor]:
    """Random inputs of the declared shapes and types."""
    generator = torch.Generator().manual_seed(2)
    made = []
    for type_ in architecture.input_types.values():
        shape = (batch, *(int(size) for size in type_.shape[1:]))  # type: ignore[arg-type]
        values = torch.randn(shape, generator=generator)
        made.append(values if type_.dtype == "float32" else (values * 4).abs().to(getattr(torch, type_.dtype)))
    return made


def tensors(result: Any) -> list[Tensor]:
    """The tensors of a result, whatever its form."""
    if isinstance(result, Tensor):
        return [result]
    return list(result.values() if isinstance(result, dict) else result)


def agree(body: str, hand: nn.Module, **variables: Any) -> nn.Module:
    """Assert that a spec compiles to the hand-written network: the same keys in the same order, bit-equal outputs in
    eval mode, and in train mode bit-equal outputs and gradients."""
    architecture = load(body, **variables)
    module = architecture.build()
    assert architecture.prove(module) == ()
    assert list(module.state_dict()) == list(hand.state_dict())
    hand.load_state_dict(shuffled(module).state_dict(), strict=True)
    inputs = samples(architecture)
    same_results(module.eval()(*inputs), hand.eval()(*inputs))
    as_exported(architecture, module, inputs)
    for network in (module, hand):
        torch.manual_seed(3)  # dropout draws
        network.zero_grad()
        made = [made for made in tensors(network.train()(*inputs)) if made.requires_grad]
        if made:
            sum((made * made).sum() for made in made).backward()  # type: ignore[union-attr]
    for (name, ours), theirs in zip(module.named_parameters(), hand.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None), name
        assert ours.grad is None or torch.equal(ours.grad, theirs.grad), name  # type: ignore[arg-type]
    return module


def exported(architecture: archspec.Architecture) -> nn.Module:
    """The model of the Python file that a spec exports to."""
    text = python_source(architecture.graph, "A test.")
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), namespace)
    classes = [made for made in namespace.values() if getattr(made, "__module__", None) == "exported"]
    return classes[-1]()  # type: ignore[no-any-return]


def as_exported(architecture: archspec.Architecture, module: nn.Module, inputs: list[Tensor]) -> None:
    """Assert that the exported Python file is the same network: its keys in order, bit-equal outputs in eval mode."""
    theirs = exported(architecture)
    assert list(theirs.state_dict()) == list(module.state_dict())
    theirs.load_state_dict(module.state_dict())
    same_results(module.eval()(*inputs), theirs.eval()(*inputs))


def same_results(ours: Any, theirs: Any) -> None:
    """Assert that two results have one form and the same bits."""
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert list(ours) == list(theirs)
    for mine, other in zip(tensors(ours), tensors(theirs), strict=True):
        assert mine.dtype == other.dtype
        assert torch.equal(mine, other)
