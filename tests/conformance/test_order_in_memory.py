"""What lies in memory in another order than its dimensions: every layer and function takes it, forward and backward."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from archspec.ops.apply import Applied, apply
from archspec.ops.entry import Op
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, TensorType, per_sample
from tests.conformance.judge import caller, data, flat
from tests.conformance.strategies import Call, calls
from tests.conformance.test_agreement import highest_index

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
EXAMPLES = max(1, int(os.environ.get("ARCHSPEC_EXAMPLES", "60")) // 6)
MOST_ELEMENTS = 20_000


def _moved(dims: Callable[[int], Iterator[int]]) -> Callable[[Tensor], Tensor]:
    """The same tensor, its dimensions in memory in another order."""

    def made(x: Tensor) -> Tensor:
        order = tuple(dims(x.dim()))
        return x.permute(order).contiguous().permute(tuple(order.index(dim) for dim in range(x.dim())))

    return made


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "reversed": _moved(lambda rank: reversed(range(rank))),
    "channels last": _moved(lambda rank: iter([*range(min(rank, 1)), *range(2, rank), *range(1, min(rank, 2))])),
    "last two swapped": _moved(lambda rank: iter([*range(rank - 2), *range(rank - 1, max(rank - 3, -1), -1)])),
    "batch last": _moved(lambda rank: iter([*range(1, rank), *range(min(rank, 1))])),
    "every other": lambda x: torch.stack((x, x), -1).flatten(-2)[..., ::2] if x.dim() else x,
    "one for all": lambda x: x[..., :1].expand(x.shape) if x.dim() else x,
}


def run(call: Call, applied: Applied, layout: Callable[[Tensor], Tensor], *, transposed: bool) -> None:
    """Forward and backward, the gradient in another order in memory too if `transposed`."""
    tensors = [layout(data(each, 2, highest_index(call, applied))) for each in call.inputs]
    leaves = [x.requires_grad_() if x.is_floating_point() else x for x in tensors]
    given = [x * 1 if x.is_floating_point() else x for x in leaves]  # as an inner layer sees it; keeps the order
    called = caller(call.op, applied.args)
    getattr(called, "scope", {})["batch"] = 2
    losses = [x for x in flat(called(*given)) if x.requires_grad]
    if losses:
        sum((x.mT.exp() if transposed and x.dim() > 1 else x).sum() for x in losses).backward()


@pytest.mark.parametrize("name", [name for name, op in CATALOGUE.items() if not op.bare])
def test_every_order_in_memory_is_taken(name: str) -> None:
    op: Op = CATALOGUE[name]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="ARCHSPEC_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(op), st.sampled_from(sorted(LAYOUTS)), st.booleans())
    def taken(call: Call, layout: str, transposed: bool) -> None:
        try:
            applied = apply(op, call.written, call.inputs)
        except RuleFaults:
            return
        if sum(per_sample(output.shape) for output in applied.outputs) > MOST_ELEMENTS:
            return
        torch.manual_seed(0)
        run(call, applied, LAYOUTS[layout], transposed=transposed)

    taken()


VOLUME, INDICES = TensorType((N, 4, 3, 4, 5)), TensorType((N, 4, 3, 4, 5), "int64")
IMAGE = TensorType((N, 4, 3, 5))
VIEWS = [
    Call("LocalResponseNorm", {"size": 2}, (VOLUME,)),
    Call("LocalResponseNorm", {"size": 2}, (IMAGE,)),
    Call("PixelShuffle", {"upscale_factor": 1}, (VOLUME,)),
    Call("pixel_unshuffle", {"downscale_factor": 1}, (VOLUME,)),
    Call("MaxUnpool3d", {"kernel_size": 1}, (VOLUME, INDICES)),
    Call("MaxUnpool2d", {"kernel_size": 1}, (IMAGE, TensorType(IMAGE.shape, "int64"))),
    Call("MaxUnpool1d", {"kernel_size": 1}, (TensorType((N, 4, 3)), TensorType((N, 4, 3), "int64"))),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("call", VIEWS, ids=str)
def test_what_torch_views_is_made_contiguous(call: Call, layout: str) -> None:
    applied = apply(call.op, call.written, call.inputs)
    torch.manual_seed(0)
    run(call, applied, LAYOUTS[layout], transposed=False)
