"""Rules that layers of sequences share: where the batch stands, and which shapes their inputs have."""

from __future__ import annotations

from archspec.ops.arguments import Bool
from archspec.ops.entry import Arg, Args, Inputs
from archspec.ops.faults import RuleFault
from archspec.tensors import Batch, Dim, Shape, TensorType, show_shape

BATCH_FIRST = Arg("batch_first", Bool(), False, doc="the batch comes first, as everywhere else: [N, L, F]")


def batch_at(args: Args) -> int:
    """The dimension of the batch in [N, L, F] or, torch's default here, [L, N, F]."""
    return 0 if args.batch_first else 1


def layout(args: Args) -> str:
    """The layout that `batch_first` says."""
    return "[N, L, F]" if args.batch_first else "[L, N, F]"


def check_batch(args: Args, inputs: Inputs, names: tuple[str, ...]) -> None:
    """Every input is [N, L, F] or [L, N, F] as `batch_first` says, and all have one batch.

    Raises:
        RuleFault: AS302, another rank or the batch elsewhere; AS304, batches that differ.
    """
    at = batch_at(args)
    for index, (given, name) in enumerate(zip(inputs, names, strict=False)):
        if given.rank != 3:
            message = f"{{name}} needs {layout(args)}{_of(name, names)}, but receives {given}"
            help = "give it a sequence: three dimensions, of which the last holds the features"
            raise RuleFault("AS302", message, input=index, help=help)
        places = [dim for dim, size in enumerate(given.shape) if isinstance(size, Batch)]
        if places and places != [at]:
            raise _batch_elsewhere(args, index, name, names, given)
        if given.shape[at] != inputs[0].shape[at]:
            message = f"{{name}} takes sequences of one batch, but `{names[0]}` is {inputs[0]} and `{name}` is {given}"
            raise RuleFault("AS304", message, input=index, help="give it sequences of the same batch")


def _of(name: str, names: tuple[str, ...]) -> str:
    return f" for `{name}`" if len(names) > 1 else ""


def _batch_elsewhere(args: Args, index: int, name: str, names: tuple[str, ...], given: TensorType) -> RuleFault:
    first = isinstance(given.shape[0], Batch) and not args.batch_first
    second = isinstance(given.shape[1], Batch) and args.batch_first
    if first:
        help = "write `batch_first: true`"
    elif second:
        help = "write `batch_first: false`, or bring the batch to the front before it"
    else:
        help = "bring the batch to the front before it and write `batch_first: true`"
    written = "batch_first" in args.written and (first or second)
    return RuleFault(
        "AS302",
        f"{{name}} needs {layout(args)}{_of(name, names)} with `batch_first: {str(args.batch_first).lower()}`, "
        f"but receives {given}",
        arg="batch_first" if written else None,
        input=index,
        help=help,
        suggestion=first if written else None,
    )


def refuse_signals(args: Args, inputs: Inputs, arg: str) -> None:
    """Refuse to take the length of [N, C, L] for features: somebody forgot to turn it.

    torch would run over the channels as steps without a word.

    Args:
        args: the arguments; who writes `arg` means the layout as it is.
        inputs: the inputs, of which the first is judged.
        arg: the argument that counts the features.

    Raises:
        RuleFault: AS305.
    """
    given = inputs[0]
    if given.channels_first and args.batch_first and arg not in args.written:
        raise RuleFault(
            "AS305",
            f"{{name}} takes the last dimension for features, but in {given} it is the length, and the features are "
            "the channels before it",
            input=0,
            help=f"put `permute: [0, 2, 1]` before it, or write `{arg}: {given.shape[-1]}` if the length is meant",
        )


def check_shape(inputs: Inputs, index: int, name: str, expected: Shape) -> None:
    """An input has exactly the expected shape.

    Raises:
        RuleFault: AS304.
    """
    if len(inputs) > index and inputs[index].shape != expected:
        message = f"`{name}` of {{name}} has to be {show_shape(expected)}, but is {inputs[index]}"
        help = f"give it a tensor of shape {show_shape(expected)}"
        raise RuleFault("AS304", message, input=index, help=help)


def check_features(inputs: Inputs, index: int, name: str, wanted: Dim, reason: str) -> None:
    """An input's last dimension has the size that another argument or input says.

    Raises:
        RuleFault: AS304.
    """
    if len(inputs) > index and inputs[index].shape[-1] != wanted:
        message = f"{{name}} needs {wanted} features in `{name}`, {reason}, but receives {inputs[index]}"
        raise RuleFault("AS304", message, input=index, help=f"put a `Linear` of {wanted} features before it")
