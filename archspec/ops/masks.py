"""Masks of attention: which keys a query does not see, or what is added to its scores."""

from __future__ import annotations

from archspec.ops.entry import Args, Inputs
from archspec.ops.faults import RuleFault
from archspec.ops.sequences import batch_at
from archspec.tensors import Batch, Dim, TensorType, show_shape


def check_scores(
    args: Args, inputs: Inputs, name: str, query: TensorType, key: TensorType, heads: int, flag: str = ""
) -> None:
    """A mask of the scores, where it is given: [L, S] for all samples alike, or [N·heads, L, S].

    Args:
        args: the arguments, and the masks.
        inputs: the inputs that come before the masks.
        name: what the mask is called.
        query: the sequence whose steps look.
        key: the sequence whose steps are looked at.
        heads: how many heads there are.
        flag: the argument that makes the same scores causal, which does not go with a mask.

    Raises:
        RuleFault: AS304, AS306 or AS402.
    """
    if name not in args.named:
        return
    if flag and args[flag]:
        message = f"`{flag}: true` of {{name}} makes a mask of its own, which does not go with `{name}`"
        raise RuleFault("AS402", message, arg=flag, help="keep one of the two", suggestion=False)
    at = batch_at(args)
    batch = query.shape[at]
    rows: Dim = Batch(batch.multiple * heads) if isinstance(batch, Batch) else batch * heads
    size = (query.shape[1 - at], key.shape[1 - at])
    _check(args, inputs, name, (size, (rows, *size)))


def check_padding(args: Args, inputs: Inputs, name: str, key: TensorType) -> None:
    """A mask of the keys of each sample, where it is given: [N, S].

    Raises:
        RuleFault: AS304 or AS306.
    """
    if name in args.named:
        at = batch_at(args)
        _check(args, inputs, name, ((key.shape[at], key.shape[1 - at]),))


def check_nested_padding(args: Args, inputs: Inputs, name: str) -> None:
    """A mask of paddings that are cut off when evaluating, as `torch.nn.TransformerEncoder` does, is of booleans.

    Of a mask of numbers torch cuts off whatever is not zero, and does not add it to the scores.

    Raises:
        RuleFault: AS306.
    """
    given = args.named.get(name)
    if given is not None and given.dtype != "bool":
        message = f"`{name}` of {{name}} has to be `bool`, true for what is hidden, but is {given}"
        index = len(inputs) + list(args.named).index(name)
        raise RuleFault("AS306", message, input=index, help="put `{to: bool}` or a comparison before it")


def _check(args: Args, inputs: Inputs, name: str, shapes: tuple[tuple[Dim, ...], ...]) -> None:
    given = args.named[name]
    index = len(inputs) + list(args.named).index(name)
    if given.dtype not in ("bool", inputs[0].dtype):
        message = (
            f"`{name}` of {{name}} has to be `bool`, true for what is hidden, or `{inputs[0].dtype}`, which is added "
            f"to the scores, but is {given}"
        )
        raise RuleFault("AS306", message, input=index, help="put `{to: bool}` or a comparison before it")
    if given.shape not in shapes:
        wanted = " or ".join(show_shape(shape) for shape in shapes)
        message = f"`{name}` of {{name}} has to be {wanted}, but is {given}"
        raise RuleFault("AS304", message, input=index, help=f"give it a mask of shape {wanted}")
