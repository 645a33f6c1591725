"""Initial weights: each parameter's from a generator of its own, by the policy that wins."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Container, Iterator
from typing import Any

import torch
from torch import nn

from archspec.emit.huge_pages import ask_for_huge_pages
from archspec.emit.parallel import Job, run_all
from archspec.graph.nodes import Graph
from archspec.ops.entry import OWN, Init


@torch.no_grad()
def initialize(graph: Graph, module: nn.Module, seed: int, filled: Container[str] = ()) -> None:
    """Fill every parameter, several at once. Buffers have their values from their layer's constructor.

    Args:
        graph: what the module was built from.
        module: on any device but `meta`.
        seed: a parameter's values depend on it and on the parameter's name alone.
        filled: full names of parameters that a checkpoint has filled, or is about to.
    """
    parameters = dict(module.named_parameters(remove_duplicate=False))
    jobs: list[Job] = []
    for name, state in (tensor for call in graph.calls() for tensor in call.tensors):
        parameter = parameters.get(name)
        init = state.init
        if parameter is None or init == OWN or state.tied or name in filled:
            continue
        if init.number is not None or init.function in _BY_THEMSELVES or parameter.device.type != "cpu":
            fill(parameter, init, seed, name)
        else:
            jobs.append((parameter.numel(), functools.partial(fill, parameter, init, seed, name)))
    run_all(jobs)


def fill(tensor: torch.Tensor, init: Init, seed: int, name: str) -> None:
    """Fill one tensor in place by a function of `torch.nn.init`. To be called where no gradient is recorded."""
    ask_for_huge_pages(tensor)
    if init.number is not None and init.zero_row is None:
        tensor.fill_(init.number)
        return
    if init.function == "orthogonal" and tensor.dtype in (torch.float16, torch.bfloat16):
        wide = torch.empty_like(tensor, dtype=torch.float32)  # torch factorises matrices of no smaller type
        fill(wide, init, seed, name)
        tensor.copy_(wide)
        return
    arguments: dict[str, Any] = dict(init.arguments)
    function = _function(init.function)
    if init.function == "trunc_normal" and _cuts_nothing(**arguments):
        function, arguments = nn.init.normal_, {name: arguments[name] for name in arguments if name in ("mean", "std")}
    if init.function in _RANDOM:
        arguments["generator"] = generator(seed, name, tensor.device)
    if init.function == "sparse":  # which draws the places of its zeros from torch's own generator all the same
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derived_seed(seed, name))
            function(tensor, **arguments)
    elif init.function == "orthogonal":
        with _one_thread():
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


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """The last bits of a factorisation depend on how many threads do it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cuts_nothing(mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> bool:
    """Whether a normal draw is never out of the bounds: torch's are within 8.6 deviations, as 53 random bits allow."""
    return min(mean - a, b - mean) >= 9 * std


_BY_THEMSELVES = frozenset({"eye", "dirac", "sparse", "orthogonal"})
"""Quick, or users of what threads share: torch's generator (`sparse`), the number of threads (`orthogonal`)."""

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
