"""A checkpoint's values into a module."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from archspec.emit.initialize import initialize
from archspec.emit.module import build_module
from archspec.errors import clip
from archspec.graph.nodes import Graph
from archspec.spec.checkpoint import Checkpoint
from archspec.weights.check import fitted, is_optional
from archspec.weights.contents import Contents, Stored
from archspec.weights.inspect import inspect
from archspec.weights.ledger import Ledger, Wanted
from archspec.weights.locate import locate
from archspec.weights.read_into import read_into, takes_bytes
from archspec.weights.refusal import refuse

_ledgers: weakref.WeakKeyDictionary[nn.Module, Ledger] = weakref.WeakKeyDictionary()


def build_from(
    checkpoint: Checkpoint,
    graph: Graph,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    seed: int = 0,
    contents: Contents | None = None,
) -> nn.Module:
    """The module of a graph, filled from a checkpoint; what the checkpoint fills is not initialised before.

    Args:
        checkpoint: the file, and how it is to be taken.
        graph: a checked graph.
        device: as for `build_module`.
        dtype: as for `build_module`.
        seed: of what the checkpoint does not fill.
        contents: what the file holds, where that is known.

    Raises:
        SpecError: as `load_weights`.
        UsageError: as `load_weights`.
    """
    module = build_module(graph, device=device, dtype=dtype, seed=seed, initial=False)
    ledger = load_weights(module, checkpoint, graph.name, contents)
    is_short = ledger.missing or ledger.mismatched
    if is_short and not any(tensor.is_meta for tensor in module.parameters()):
        initialize(graph, module, seed, filled={*ledger.loaded, *ledger.shared})
    _ledgers[module] = ledger
    return module


def ledger(module: nn.Module) -> Ledger | None:
    """What of a checkpoint went where when a module was built; None where it was built without one."""
    return _ledgers.get(module)


def load_weights(module: nn.Module, checkpoint: Checkpoint, model: str, contents: Contents | None = None) -> Ledger:
    """Fill a module from a checkpoint, as torch's `load_state_dict` does. On `meta` it is compared only.

    Nothing is written into the module unless the whole file fits.

    Args:
        module: what is filled.
        checkpoint: the file, and how it is to be taken.
        model: what messages call the module.
        contents: what the file holds, where that is known.

    Raises:
        SpecError: the file cannot be used or does not fit, and the spec names it.
        UsageError: the same, where the caller names it.
    """
    contents = contents or inspect(checkpoint, locate(checkpoint))
    own = module.state_dict(keep_vars=True)
    wanted = _wanted_by(own)
    ledger = fitted(checkpoint, contents, wanted, model).ledger
    if any(tensor.is_meta for tensor in own.values()):
        return ledger
    try:
        _check_shared(checkpoint, ledger, wanted, contents)
        _fill(module, own, contents, ledger.loaded)
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, OSError) as error:
        reason = clip(" ".join(str(error).split()), 200)
        refuse(
            checkpoint,
            "AS453",
            f"torch cannot read `{clip(contents.path, 200)}`: {reason}",
            help="copy or download it again",
        )
    return ledger


def _fill(module: nn.Module, own: Mapping[str, Tensor], contents: Contents, loaded: Mapping[str, str]) -> None:
    """The file's tensors into the module's, of which `loaded` gives the names."""
    if contents.format == "safetensors" and takes_bytes(module):
        read_into(contents, {theirs: own[ours] for ours, theirs in loaded.items()})
        return
    values = _values(contents, loaded.values())
    module.load_state_dict({ours: values[theirs] for ours, theirs in loaded.items()}, strict=False)


def _wanted_by(own: Mapping[str, Tensor]) -> dict[str, Wanted]:
    """The tensors of a module, from its state; those that it has under several names know each other."""
    first: dict[int, str] = {}
    wanted: dict[str, Wanted] = {}
    for name, tensor in own.items():
        dtype = str(tensor.dtype).removeprefix("torch.")
        same_as = first.setdefault(id(tensor), name)
        wanted[name] = Wanted(Stored(tuple(tensor.shape), dtype), same_as, is_optional(name))
    return wanted


def _values(contents: Contents, names: Iterable[str]) -> dict[str, Tensor]:
    """The named tensors, still in the file's memory map."""
    if contents.format == "safetensors":
        from safetensors import safe_open

        with safe_open(contents.path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in names}
    loaded: Any = torch.load(contents.path, map_location="cpu", weights_only=True, mmap=True)
    for key in contents.key:
        loaded = loaded[key]
    return {name: loaded[name] for name in names}


def _check_shared(checkpoint: Checkpoint, ledger: Ledger, wanted: Mapping[str, Wanted], contents: Contents) -> None:
    """A tensor that the model has under several names can have one value only."""
    first: dict[str, str] = {}
    for ours in ledger.loaded:
        other = first.setdefault(wanted[ours].same_as, ours)
        if other == ours:
            continue
        one, two = _values(contents, (ledger.loaded[ours], ledger.loaded[other])).values()
        if not torch.equal(one, two):
            message = f"`{other}` and `{ours}` are one tensor in the model, but two different ones in `{ledger.path}`"
            refuse(checkpoint, "AS457", message, help="do not tie them, or leave one of them out of the checkpoint")
