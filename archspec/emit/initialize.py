"""Initial weights: each parameter's from a generator of its own, by the policy that wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container
from typing import Any

import torch
from torch import nn

from archspec.graph.nodes import Graph
from archspec.ops.entry import OWN, Init


@torch.no_grad()
def initialize(graph: Graph, module: nn.Module, seed: int, filled: Container[str] = ()) -> None:
    """Fill every parameter. Buffers have their values from their layer's constructor.

    Args:
        graph: what the module was built from.
        module: on any device but `meta`.
        seed: a parameter's values depend on it and on the parameter's name alone.
        filled: full names of parameters that a checkpoint has filled, or is about to.
    """
    parameters = dict(module.named_parameters(remove_duplicate=False))
    for call in graph.calls():
        for name, state in call.tensors:
            parameter = parameters.get(name)
            if parameter is not None and state.init != OWN and not state.tied and name not in filled:
                fill(parameter, state.init, seed, name)


def fill(tensor: torch.Tensor, init: Init, seed: int, name: str) -> None:
    """Fill one tensor in place by a function of `torch.nn.init`; no gradient is to be recorded of it."""
    if init.function == "orthogonal" and tensor.dtype in (torch.float16, torch.bfloat16):
        wide = torch.empty_like(tensor, dtype=torch.float32)  # torch factorises matrices of no smaller type
        fill(wide, init, seed, name)
        tensor.copy_(wide)
        return
    function = _function(init.function)
    arguments: dict[str, Any] = dict(init.arguments)
    if init.function in _RANDOM:
        arguments["generator"] = generator(seed, name, tensor.device)
    if init.function == "sparse":  # which draws the places of its zeros from torch's own generator all the same
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derived_seed(seed, name))
            function(tensor, **arguments)
    else:
        function(tensor, **arguments)
    if init.zero_row is not None:
        tensor[init.zero_row].zero_()


def generator(seed: int, name: str, device: torch.device) -> torch.Generator:
    """The generator of one parameter, derived from the seed and its name."""
    made = torch.Generator(device)
    made.manual_seed(derived_seed(seed, name))
    return made


def derived_seed(seed: int, name: str) -> int:
    """A seed that depends on another one and on a name, 63 bits of it."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


_RANDOM = frozenset(
    {
        "uniform",
        "normal",
        "trunc_normal",
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "orthogonal",
        "sparse",
    }
)


def _function(name: str) -> Callable[..., torch.Tensor]:
    return getattr(nn.init, f"{name}_")  # type: ignore[no-any-return]  # names come from the checked signatures
