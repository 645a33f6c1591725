"""Calls as Python source, for generated `forward` methods."""

from __future__ import annotations

from archspec.ops.entry import Args, Op
from archspec.tensors import Batch, Dim

_ALIASES = (("torch.nn.functional.", "F."), ("torch.", "torch."))
BATCH = "«N»"
"""Stands in an expression for the batch size, which whoever prints it takes from a tensor at hand."""


def batch_code(size: Dim) -> str:
    """A size as source, the batch in it still to be filled in."""
    if not isinstance(size, Batch):
        return str(size)
    return BATCH if size.multiple == 1 else f"{size.multiple} * {BATCH}"


def expression(op: Op, args: Args, inputs: tuple[str, ...]) -> str:
    """The call of a function, with the arguments that differ from their defaults.

    Args:
        op: a function of the catalogue.
        args: its arguments, all of accepted types, so that their `repr` is a literal.
        inputs: the inputs as Python expressions.

    Returns:
        an expression in which `torch`, `F` and the op's helpers have to be in scope.
    """
    if op.code is not None:
        return op.code(args, inputs)
    written = [f"{arg.name}={args[arg.name]!r}" for arg in op.args if args[arg.name] != arg.default]
    return f"{_callee(op.target)}({', '.join((*inputs, *written))})"


def call_arguments(op: Op, args: Args, inputs: tuple[str, ...]) -> str:
    """What stands between the parentheses of a layer's call.

    Args:
        op: a layer of the catalogue.
        args: its arguments, of which some may belong to the call.
        inputs: the inputs as Python expressions, those that are given by name last.
    """
    count = len(inputs) - len(args.named)
    named = (f"{name}={value}" for name, value in zip(args.named, inputs[count:], strict=True))
    return ", ".join((op.call(args, inputs[:count]) if op.call is not None else ", ".join(inputs[:count]), *named))


def unpacked(op: Op, args: Args, names: tuple[str, ...]) -> str:
    """The left side of the assignment of a layer's results to variables, one per output."""
    return op.unpack(args, names) if op.unpack is not None else ", ".join(names)


def is_plain(op: Op, args: Args) -> bool:
    """Whether a layer is called as `nn.Sequential` calls its children: one tensor in, one tensor out."""
    return call_arguments(op, args, ("x",)) == "x" and unpacked(op, args, ("x",)) == "x"


def _callee(target: str) -> str:
    """`torch.nn.functional.relu` as `F.relu`."""
    prefix, alias = next(pair for pair in _ALIASES if target.startswith(pair[0]))
    return alias + target.removeprefix(prefix)
