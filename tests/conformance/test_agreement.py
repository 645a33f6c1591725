"""Random calls of every op: our rules and torch agree on shapes, types and state, or both refuse."""

from __future__ import annotations

import faulthandler
import os
from collections import deque
from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, given, settings

from archspec.ops.apply import Applied, apply
from archspec.ops.faults import RuleFaults
from archspec.ops.registry import CATALOGUE
from archspec.tensors import N, TensorType, per_sample
from tests.conformance.as_spec import spec_of
from tests.conformance.judge import arguments_for_torch, caller, judge, promised
from tests.conformance.rules import rule_for
from tests.conformance.strategies import Call, calls
from tests.fuzz.shrink import keep

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of some calls that it takes
EXAMPLES = int(os.environ.get("ARCHSPEC_EXAMPLES", "60"))
MOST_ELEMENTS = 100_000
ENDS_THE_PROCESS = ("DeformConv2d",)
"""torchvision divides by the stride before it looks if it is 0."""


def judge_accepted(call: Call, applied: Applied) -> None:
    if sum(per_sample(output.shape) for output in applied.outputs) > MOST_ELEMENTS:
        return
    found = judge(call.op, caller(call.op, applied.args), call.inputs, highest_index(call, applied))
    expected = promised(applied)
    assert found.runs == expected.runs
    assert list(found.state.items()) == list(expected.state.items())


def highest_index(call: Call, applied: Applied) -> int:
    """What an integer in the input may be."""
    if "indices" in call.op.inputs:
        return min(per_sample(output.shape[2:]) for output in applied.outputs) - 1
    if call.kind in (
        "gather",
        "scatter",
        "scatter_add",
        "one_hot",
        "index_select",
        "embedding",
    ):  # places that there may be only one of
        return 0
    return applied.args.get("num_embeddings", 4) - 1


def torch_takes(call: Call) -> bool:
    try:
        arguments = arguments_for_torch(call.op, call.written, call.inputs)
        judge(call.op, caller(call.op, arguments), call.inputs)
    except Exception:
        return False
    return True


def apart(work: Callable[[], bool]) -> bool:
    """What `work` says in a process of its own; False where it ends that process."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        torch.set_num_threads(1)
        os._exit(0 if work() else 1)
    return os.waitpid(child, 0)[1] == 0


def judge_refused(call: Call, faults) -> None:
    takes = apart(lambda: torch_takes(call)) if call.kind in ENDS_THE_PROCESS else torch_takes(call)
    if not takes:
        return
    assert rule_for(call, faults), f"torch accepts {call}, but: {'; '.join(f'{f.code} {f.message}' for f in faults)}"


def agree_on(call: Call) -> None:
    torch.manual_seed(0)
    try:
        applied = apply(call.op, call.written, call.inputs)
    except RuleFaults as refusal:
        judge_refused(call, refusal.faults)
    else:
        judge_accepted(call, applied)


def image(*shape: int) -> TensorType:
    return TensorType((N, *shape))


def state(layers: int, features: int) -> TensorType:
    """The initial state of a recurrent layer."""
    return TensorType((layers, N, features))


EDGES = [
    *(
        Call("Conv2d", {"out_channels": 2, "kernel_size": kernel, "padding": padding, "padding_mode": mode}, (given,))
        for mode in ("reflect", "circular", "replicate")
        for padding in (2, 3, 4)
        for kernel, given in ((1, image(2, 3, 5)), (4, image(2, 5, 3)))
    ),
    *(
        Call(
            "Conv2d",
            {"out_channels": 2, "kernel_size": 4, "dilation": 3, "padding": "same", "padding_mode": mode},
            (given,),
        )
        for mode in ("reflect", "circular")
        for given in (image(2, 4, 9), image(2, 5, 9), image(2, 6, 9))
    ),
    *(
        Call("Unflatten", {"dim": 1, "unflattened_size": sizes}, (image(12, 3),))
        for sizes in ((-1, 5), (5, -1), (3, 5))
    ),
    *(
        Call(kind, {"align": align}, (image(2, 7, 5), image(2, height, width)))
        for kind in ("add", "sub", "concat")
        for align in ("pad", "crop", "resize")
        for height, width in ((4, 4), (7, 2), (9, 8), (10, 5))
    ),
    *(
        Call(kind, {"kernel_size": 3, "stride": stride, "padding": padding, "ceil_mode": True}, (image(2, size, 6),))
        for kind in ("MaxPool2d", "AvgPool2d")
        for stride in (1, 2, 3, 4, 5)
        for padding in (0, 1)
        for size in (1, 2, 3, 4, 5, 7)
    ),
    *(
        Call(
            kind,
            {"hidden_size": 6, "batch_first": first, "bidirectional": both, "num_layers": 2, **extra},
            (x, *states),
        )
        for kind, extra in (("RNN", {}), ("GRU", {}), ("LSTM", {}), ("LSTM", {"proj_size": 4}))
        for first in (True, False)
        for both in (True, False)
        for x in (TensorType((N, 5, 3) if first else (5, N, 3)),)
        for h in (state(4 if both else 2, extra.get("proj_size", 6)), state(2, 6), state(4, 4))
        for states in ((h,), (h, state(4 if both else 2, 6)))
    ),
    *(
        Call(kind, {"hidden_size": 6}, (image(4), *states))
        for kind in ("RNNCell", "GRUCell", "LSTMCell")
        for states in ((image(6),), (image(6), image(6)), (image(4), image(6)), (image(6, 6),), (state(1, 6),))
    ),
    *(
        Call(
            "Fold",
            {"output_size": size, "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation},
            (image(depth, columns),),
        )
        for size in (6, (7, 5))
        for kernel, depth in ((2, 8), ((3, 2), 12), (2, 6))
        for stride in (1, (2, 3))
        for padding in (0, 1)
        for dilation in (1, 2)
        for columns in (6, 12, 20, 25, 30, 36)
    ),
    *(
        Call("MultiheadAttention", {"num_heads": 2, "batch_first": True, **flags, **sizes}, (image(5, 8), *others))
        for others in ((), (image(3, 8),), (image(5, 6),), (image(3, 6), image(3, 4)), (image(3, 6), image(2, 6)))
        for flags in (
            {},
            {"need_weights": False},
            {"average_attn_weights": False, "add_bias_kv": True},
            {"is_causal": True},
            {"is_causal": True, "need_weights": False},
            {"add_zero_attn": True, "add_bias_kv": True, "bias": False},
        )
        for sizes in ({}, {"kdim": 6}, {"kdim": None, "vdim": 8})
    ),
    Call("matmul", {"broadcast": True}, (TensorType((N, 1, 1)), TensorType((N, 1, 1, 1)))),
    *(
        Call("scaled_dot_product_attention", {"dropout_p": probability}, (image(5, 8),) * 3)
        for probability in (-0.1, 0, 0.5, 1, 1.1)
    ),
]


def test_what_ends_the_process_is_a_refusal() -> None:
    written = {"out_channels": 8, "kernel_size": 3, "stride": 0, "padding": (-1, 3), "dilation": 3}
    crash = Call("DeformConv2d", written, (image(4, 7, 6), TensorType((N, 36, 5, 4))))
    assert apart(lambda: True)
    assert not apart(lambda: torch_takes(crash))
    agree_on(crash)


@pytest.mark.parametrize("call", EDGES, ids=str)
def test_rule_and_torch_agree_on_edges(call: Call) -> None:
    agree_on(call)


@pytest.mark.parametrize("name", CATALOGUE)
def test_rule_and_torch_agree(name: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="ARCHSPEC_EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(CATALOGUE[name]))
    def agree(call: Call) -> None:
        tried.append(call)
        agree_on(call)

    tried: deque[Call] = deque(maxlen=1)
    try:
        agree()
    except Exception as disagreement:  # hypothesis tries the smallest call last
        if "ARCHSPEC_KEEP" in os.environ:
            keep(spec_of(tried[-1]), str(disagreement), f"call-of-{name}")
        raise
