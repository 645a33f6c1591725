"""What a rule finds wrong with a call, as the diagnostic that a user reads."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from typing import Any

from archspec.elaborate.arguments import Given
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import said_by_default
from archspec.elaborate.environment import Value
from archspec.elaborate.mends import OTHERWISE, mend
from archspec.elaborate.parts import innermost, place_of
from archspec.elaborate.provenance import chain, changed
from archspec.errors import Diagnostic, Span
from archspec.ops.entry import Op
from archspec.ops.faults import RuleFault
from archspec.tensors import N


def diagnostic_of(
    context: Context,
    fault: RuleFault,
    op: Op,
    given: ReadOnly[str, Given],
    inputs: tuple[Value, ...],
    shown: str,
    span: Span,
    names: ReadOnly[str, Any],
) -> Diagnostic:
    """The fault at the argument that it is about, or at the kind, with where the inputs at fault come from."""
    if fault.part is not None:
        fault, op, given = innermost(fault, op, given)
        shown = f"`{op.name}`"
    argument = given.get(fault.arg) if fault.arg is not None else None
    own = argument is not None and not argument.by_default
    place = place_of(fault, argument) if argument is not None and own else span
    notes = (*fault.notes, *_origins(context, fault, op, inputs, place), *said_by_default(fault, given, place))
    help, edit = mend(fault, op, argument, place, names) if argument is not None and own else (fault.help, None)
    if fault.code == "AS301" and context.is_further_call:  # another number would be wrong for the first call
        help, edit = OTHERWISE, None
    message = fault.message.replace("`{name}`", "{name}").replace("{name}", shown)
    label = "written here" if fault.code == "AS301" and own else ""
    return Diagnostic(fault.code, message, place, label=label, notes=notes, help=help, edit=edit)


def _origins(context: Context, fault: RuleFault, op: Op, inputs: tuple[Value, ...], at: Span) -> Iterator[str]:
    """Where the input at fault comes from; where inputs disagree, where each of the two does."""
    if fault.input is None or fault.input >= len(inputs):
        return
    both = fault.code in ("AS304", "AS310") and fault.input > 0
    for index in (0, fault.input) if both else (fault.input,):
        origin = chain(context.history, inputs[index], at)
        if origin is not None:
            yield f"{_subject(inputs, index)} comes from  {origin}"
    if both and fault.code == "AS304":
        yield from _resized(context, inputs[0], inputs[fault.input], at)


def _resized(context: Context, first: Value, other: Value, at: Span) -> Iterator[str]:
    """What made one of two images smaller than the other."""
    if first.type is None or other.type is None or first.type.rank != other.type.rank:
        return
    pairs = list(enumerate(zip(first.type.shape, other.type.shape, strict=True)))
    dim, mine, theirs = next(((dim, a, b) for dim, (a, b) in pairs if dim > 1 and a != b), (0, N, N))
    if not isinstance(mine, int) or not isinstance(theirs, int):
        return
    found = changed(context.history, first if mine < theirs else other, dim)
    if found is not None:
        step, before, after = found
        yield f"`{step.name}` ({step.span.line_seen_from(at)}) makes {after} of {before}"


def _subject(inputs: tuple[Value, ...], index: int) -> str:
    return "its input" if len(inputs) == 1 else f"input {index + 1}"
