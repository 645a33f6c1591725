"""Multi-head attention. The layers and models built of it are in `transformer`."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.ops.arguments import Bool, Float, Int, Maybe
from archspec.ops.common import KAIMING, ZEROS, contradiction, last
from archspec.ops.entry import Arg, Args, Inferred, Init, Inputs, Op, Outputs, State
from archspec.ops.faults import RuleFault
from archspec.ops.masks import check_padding, check_scores
from archspec.ops.sequences import BATCH_FIRST, batch_at, check_batch, refuse_signals
from archspec.tensors import FLOATS, Dim, TensorType, per_sample

XAVIER = Init("xavier_uniform")
_XAVIER_NORMAL = Init("xavier_normal")
_NAMES = ("query", "key", "value")


def check_heads(heads: int, features: int, arg: str, noun: str) -> None:
    """The heads divide the features among them.

    Args:
        heads: how many there are.
        features: what they divide.
        arg: the argument that says how many.
        noun: what the features are called, as an argument.

    Raises:
        RuleFault: AS402.
    """
    if features % heads == 0:
        return
    divisors = [count for count in range(2, min(features, 4096) + 1) if features % count == 0] or [1]
    near = sorted(sorted(divisors, key=lambda count: abs(count - heads))[:2])
    below = features // heads * heads
    sizes = [size for size in (below, below + heads) if size]
    raise RuleFault(
        "AS402",
        f"`{arg}: {heads}` of {{name}} must divide its {features} features (`{noun}`): "
        f"{features} % {heads} = {features % heads}",
        arg=arg,
        input=0,
        help=f"use {_alternatives(near)} head{'' if near == [1] else 's'}, or {_alternatives(sizes)} features",
    )


def _alternatives(numbers: list[int]) -> str:
    return " or ".join(str(number) for number in numbers)


CAUSAL_MASK = {
    "causal_mask": '''
def causal_mask(
    x: torch.Tensor,
    dim: int,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    """A mask that hides later steps from earlier ones, those in dimension dim of x."""
    return nn.Transformer.generate_square_subsequent_mask(
        x.size(dim),
        device=x.device,
        dtype=dtype or x.dtype,
    )
'''
}


def causal_mask(name: str, args: Args) -> str:
    """The source of a mask for the sequence of that name, of the same type as a mask of its paddings."""
    paddings = (given for word, given in args.named.items() if word.endswith("key_padding_mask"))
    dtype = ", torch.bool" if any(given.dtype == "bool" for given in paddings) else ""
    return f"causal_mask({name}, {1 - batch_at(args)}{dtype})"


def steps(args: Args, given: TensorType) -> int:
    """How many steps a sequence has."""
    return per_sample(given.shape[1 - batch_at(args) : 2 - batch_at(args)])


def attention_state(
    embed_dim: int, kdim: int, vdim: int, *, bias: bool, bias_kv: bool = False, prefix: str = ""
) -> Mapping[str, State]:
    """What `torch.nn.MultiheadAttention` registers, in its order, as its `_reset_parameters` initialises it."""
    state = {}
    if kdim == vdim == embed_dim:
        state["in_proj_weight"] = State((3 * embed_dim, embed_dim), XAVIER)
    else:
        state["q_proj_weight"] = State((embed_dim, embed_dim), XAVIER)
        state["k_proj_weight"] = State((embed_dim, kdim), XAVIER)
        state["v_proj_weight"] = State((embed_dim, vdim), XAVIER)
    if bias:
        state["in_proj_bias"] = State((3 * embed_dim,), ZEROS)
    if bias_kv:
        state["bias_k"] = State((1, 1, embed_dim), _XAVIER_NORMAL)
        state["bias_v"] = State((1, 1, embed_dim), _XAVIER_NORMAL)
    state["out_proj.weight"] = State((embed_dim, embed_dim), KAIMING)
    if bias:
        state["out_proj.bias"] = State((embed_dim,), ZEROS)
    return {prefix + name: tensor for name, tensor in state.items()}


def attention_macs(
    queries: int, keys: int, embed_dim: int, kdim: int | None = None, vdim: int | None = None, *, added: int = 0
) -> int:
    """Projections of queries, keys, values and output, then the scores and the weighted sum.

    torch's counter sees nothing of the fused kernel that runs in eval mode; this is what it counts in training.

    Args:
        queries: steps of the query.
        keys: steps of the key.
        embed_dim: features of the query.
        kdim: features of the key, if others.
        vdim: features of the value, if others.
        added: further keys that the layer adds itself.
    """
    projections = 2 * queries * embed_dim + keys * (kdim or embed_dim) + keys * (vdim or embed_dim)
    return (projections + 2 * queries * (keys + added)) * embed_dim


def _key_features(inputs: Inputs) -> Dim:
    return inputs[min(1, len(inputs) - 1)].shape[-1]


def _value_features(inputs: Inputs) -> Dim:
    return inputs[-1].shape[-1]


def _each(inputs: Inputs) -> tuple[TensorType, TensorType, TensorType]:
    """Query, key and value: one input is all three, the second of two is key and value."""
    return inputs[0], inputs[min(1, len(inputs) - 1)], inputs[-1]


def _sizes(args: Args) -> tuple[int, int]:
    """Features of the key and of the value."""
    return args.kdim or args.embed_dim, args.vdim or args.embed_dim


def _check(args: Args, inputs: Inputs) -> None:
    check_batch(args, inputs, _NAMES)
    refuse_signals(args, inputs, "embed_dim")
    query, key, value = _each(inputs)
    kdim, vdim = _sizes(args)
    wanted = (("embed_dim", args.embed_dim), ("kdim", kdim), ("vdim", vdim))
    for index, (given, (arg, size)) in enumerate(zip((query, key, value), wanted, strict=True)):
        if size != given.shape[-1]:
            fault = contradiction(arg, "features", size, given.shape[-1])
            fault.input = min(index, len(inputs) - 1)
            raise fault
    check_heads(args.num_heads, args.embed_dim, "num_heads", "embed_dim")
    if key.shape[:2] != value.shape[:2]:
        message = f"{{name}} needs a value for each key, but the keys are {key} and the values {value}"
        raise RuleFault("AS304", message, input=2, help="take keys and values from one sequence")
    if args.is_causal:
        _check_causal(args, query, key)
    check_padding(args, inputs, "key_padding_mask", key)
    check_scores(args, inputs, "attn_mask", query, key, args.num_heads, "is_causal")


def _check_causal(args: Args, query: TensorType, key: TensorType) -> None:
    if steps(args, query) != steps(args, key):
        message = f"`is_causal` of {{name}} needs as many keys as queries, found {query} and {key}"
        raise RuleFault("AS402", message, arg="is_causal", input=1, help="leave `is_causal` out", suggestion=False)
    for name in ("add_bias_kv", "add_zero_attn"):
        if args[name]:
            message = f"`{name}` of {{name}} adds a key at the end, which `is_causal` hides from all queries"
            raise RuleFault("AS402", message, arg=name, help=f"leave `{name}` or `is_causal` out", suggestion=False)


def _added(args: Args) -> int:
    """The keys that the layer adds itself."""
    return int(args.add_bias_kv) + int(args.add_zero_attn)


def _shape(args: Args, inputs: Inputs) -> Outputs:
    query, key, _ = _each(inputs)
    output = query.with_shape(query.shape)
    if not args.need_weights:
        return (output,)
    at = batch_at(args)
    heads = () if args.average_attn_weights else (args.num_heads,)
    keys = steps(args, key) + _added(args)
    return output, query.with_shape((query.shape[at], *heads, query.shape[1 - at], keys))


def _state(args: Args) -> Mapping[str, State]:
    return attention_state(args.embed_dim, *_sizes(args), bias=args.bias, bias_kv=args.add_bias_kv)


def _macs(args: Args, inputs: Inputs, outputs: Outputs) -> int:
    query, key, _ = _each(inputs)
    batch = per_sample(query.shape[batch_at(args) : batch_at(args) + 1])
    kdim, vdim = _sizes(args)
    one = attention_macs(steps(args, query), steps(args, key), args.embed_dim, kdim, vdim, added=_added(args))
    return batch * one


def _call(args: Args, inputs: tuple[str, ...]) -> str:
    query, key, value = inputs[0], inputs[min(1, len(inputs) - 1)], inputs[-1]
    given = [query, key, value]
    if not args.need_weights:
        given.append("need_weights=False")
    if not args.average_attn_weights:
        given.append("average_attn_weights=False")
    if args.is_causal:
        given += [f"attn_mask={causal_mask(query, args)}", "is_causal=True"]
    return ", ".join(given)


def _unpack(args: Args, names: tuple[str, ...]) -> str:
    return f"{names[0]}, {names[1] if len(names) > 1 else '_'}"


OPS = (
    Op(
        name="MultiheadAttention",
        target="torch.nn.MultiheadAttention",
        doc="Multi-head attention: of an input to itself, to a second one, or of a query to keys and values.",
        args=(
            Arg("embed_dim", Int(1), inferred=Inferred(last, "features", fixed=False), doc="features of the query"),
            Arg("num_heads", Int(1), doc="number of heads, a divisor of the features", example=8),
            Arg("dropout", Float(min=0, max=1), 0.0, doc="probability that a weight is dropped"),
            Arg("bias", Bool(), True, doc="add learned biases"),
            Arg("add_bias_kv", Bool(), False, doc="add a learned key and value"),
            Arg("add_zero_attn", Bool(), False, doc="add a key and value of zeros"),
            Arg(
                "kdim",
                Maybe(Int(1)),
                None,
                inferred=Inferred(_key_features, "features", fixed=False),
                doc="features of the key",
            ),
            Arg(
                "vdim",
                Maybe(Int(1)),
                None,
                inferred=Inferred(_value_features, "features", fixed=False),
                doc="features of the value",
            ),
            BATCH_FIRST,
            Arg("need_weights", Bool(), True, doc="give the weights as a second output; faster without", in_call=True),
            Arg("average_attn_weights", Bool(), True, doc="average the weights over the heads", in_call=True),
            Arg("is_causal", Bool(), False, doc="no step sees a later one", in_call=True),
        ),
        primary="num_heads",
        inputs=_NAMES,
        optional_inputs=2,
        keywords=("key_padding_mask", "attn_mask"),
        dtypes=(FLOATS,) * 3,
        batch_anywhere=True,
        ports=("output", "weights"),
        ranks=(3,),
        layout="[N, L, F] or [L, N, F]",
        check=_check,
        shape=_shape,
        state=_state,
        macs=_macs,
        call=_call,
        unpack=_unpack,
        helpers=CAUSAL_MASK,
    ),
)
