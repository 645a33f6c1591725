"""Blocks of which there is no instance: what can be told of them without an input."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.elaborate.blind import AllAlike
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import defaults_in
from archspec.elaborate.environment import NOWHERE, Environment
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.outputs import block_outputs
from archspec.elaborate.sequence import fill
from archspec.spec.document import Block


def check_unused_blocks(context: Context, blocks: Mapping[str, Block]) -> None:
    """Names are known, arguments are there, and have values that they can have. A block that is used is checked with
    its instances."""
    for name, block in blocks.items():
        if name not in context.used_blocks and not block.broken:
            _check(context, block)


def _check(context: Context, block: Block) -> None:
    context.spend(1, block.name.span)
    parameters = [str(parameter.name.value) for parameter in block.parameters]
    inputs = [str(scalar.value) for scalar in block.inputs] or ["input"]
    variables = AllAlike(UNKNOWN, context.globals, parameters)
    with context.blindly(names_known=True):
        defaults = defaults_in(context, block, variables)
        tensors = dict.fromkeys(inputs, NOWHERE)
        around = Environment(variables, tensors, tuple(tensors.values()), forward="", defaults=defaults)
        fill(context, block.entries, around, "")
        block_outputs(context, block.outputs, around)
