"""A function's call as Python source, for generated `forward` methods."""

from __future__ import annotations

from archspec.ops.entry import Args, Op

_ALIASES = (("torch.nn.functional.", "F."), ("torch.", "torch."))


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


def _callee(target: str) -> str:
    """`torch.nn.functional.relu` as `F.relu`."""
    prefix, alias = next(pair for pair in _ALIASES if target.startswith(pair[0]))
    return alias + target.removeprefix(prefix)
