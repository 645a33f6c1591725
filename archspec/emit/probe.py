"""What a registered layer without a rule does, as torch shows it: run at two batch sizes, on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archspec.ops.entry import Args, Inputs, Outputs
from archspec.ops.faults import RuleFault
from archspec.records import record
from archspec.tensors import Batch, Dim, Shape, TensorType

_BATCHES = (2, 3)
_OF_A_BATCH = "let the sizes of what it gives not depend on the batch, or be multiples of it"


@record
class Probed:
    """What a layer gives for inputs of known types: its outputs' types, and multiply-accumulates per sample."""

    outputs: Outputs
    macs: int


def run(layer: type[nn.Module], args: Args, inputs: Inputs) -> Probed:
    """Run a layer, in eval mode and without gradients.

    Raises:
        RuleFault: AS330, it fails, or what it gives does not grow with the batch.
    """
    return _run(layer, _Key(args), inputs)  # type: ignore[arg-type]  # a class, whatever its instances hash to


class _Key(dict[str, Any]):
    """Arguments as a key of a cache."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(sorted(self.items())))


@functools.lru_cache(maxsize=1024)
def _run(layer: type[nn.Module], args: _Key, inputs: Inputs) -> Probed:
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            module = layer(**args).eval()
            small, large = (_outputs(module, inputs, batch) for batch in _BATCHES)
            with FlopCounterMode(display=False) as counter:
                _outputs(module, inputs, _BATCHES[0])
    except Exception as error:  # whatever a layer of the user's raises is theirs to know
        shown = ", ".join(str(given) for given in inputs)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        message = f"{{name}} fails on {shown}: {type(error).__name__}: {reason}"
        raise RuleFault("AS330", message, input=0, help=f"see `{layer.__module__}.{layer.__qualname__}`") from error
    outputs = tuple(_type(a, b) for a, b in zip(small, large, strict=True))
    return Probed(outputs, counter.get_total_flops() // 2 // _BATCHES[0])


def _outputs(module: nn.Module, inputs: Inputs, batch: int) -> tuple[torch.Tensor, ...]:
    output = module(*(_sample(given, batch) for given in inputs))
    made = output if isinstance(output, (tuple, list)) else (output,)
    if not all(isinstance(each, torch.Tensor) for each in made):
        raise TypeError("its forward gives something else than tensors")
    return tuple(made)


def _sample(given: TensorType, batch: int) -> torch.Tensor:
    shape = tuple(dim.multiple * batch if isinstance(dim, Batch) else dim for dim in given.shape)
    if given.is_floating:
        return torch.randn(shape).to(getattr(torch, given.dtype))
    return torch.zeros(shape, dtype=getattr(torch, given.dtype))


def _type(small: torch.Tensor, large: torch.Tensor) -> TensorType:
    if small.dim() != large.dim():
        raise RuleFault(
            "AS330", "{name} gives another number of dimensions for another batch", input=0, help=_OF_A_BATCH
        )
    shape: Shape = tuple(_dim(a, b) for a, b in zip(small.shape, large.shape, strict=True))
    return TensorType(shape, str(small.dtype).removeprefix("torch."))


def _dim(small: int, large: int) -> Dim:
    if small == large:
        return small
    if small * _BATCHES[1] == large * _BATCHES[0] and small % _BATCHES[0] == 0:
        return Batch(small // _BATCHES[0])
    message = f"{{name}} gives a size of {small} for a batch of 2 and of {large} for one of 3"
    raise RuleFault("AS330", message, input=0, help=_OF_A_BATCH)


def tensors(layer: type[nn.Module], args: Args) -> Iterator[tuple[str, tuple[int, ...], bool, str]]:
    """Name, shape, whether it is a buffer, and element type of everything in a layer's state dict.

    Raises:
        RuleFault: AS330, the layer cannot be made with these arguments.
    """
    try:
        with torch.device("meta"):
            module = layer(**args)
    except Exception as error:  # as above
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        message = f"{{name}} cannot be made: {type(error).__name__}: {reason}"
        raise RuleFault("AS330", message, help=f"see `{layer.__module__}.{layer.__qualname__}`") from error
    parameters = dict(module.named_parameters())
    for name, tensor in module.state_dict(keep_vars=True).items():
        yield name, tuple(tensor.shape), name not in parameters, str(tensor.dtype).removeprefix("torch.")
