"""The judge of memory while a model runs: which tensors are alive at once, as torch's dispatcher sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass
class Live(TorchDispatchMode):
    """Follows every storage that is made while it is on, from the operation that makes it to its death.

    Attributes:
        known: tensors that were there before; they count for nothing.
        peak: the most bytes that were alive at once.
    """

    known: Iterable[Tensor] = ()
    peak: int = 0
    _before: set[int] = field(default_factory=set)
    _alive: dict[int, tuple[StorageWeakRef, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._held = [tensor.untyped_storage() for tensor in self.known]
        self._before = {StorageWeakRef(storage).cdata for storage in self._held}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self._alive = {key: held for key, held in self._alive.items() if not held[0].expired()}
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                ref = StorageWeakRef(storage)
                if ref.cdata not in self._before:
                    self._alive[ref.cdata] = ref, storage.nbytes()
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return made


def peak_of(run: Callable[..., Any], inputs: Sequence[Tensor], state: Iterable[Tensor] = ()) -> tuple[int, Any]:
    """The most bytes that one forward has alive at once beside its inputs and its state; and what it gives."""
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), Live([*inputs, *state]) as live:
            made = run(*inputs)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    return live.peak, made
