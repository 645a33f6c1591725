"""The functions in the `layers` of a `Buffer`, before they are computed: their form."""

from __future__ import annotations

from archspec.elaborate.call_arguments import inputs_in_value
from archspec.elaborate.context import Context
from archspec.errors import Diagnostic, clip
from archspec.ops.registry import find
from archspec.source.tree import Node
from archspec.spec.document import Entries, Entry, KindUse
from archspec.spec.read_entries import read_entries
from archspec.spec.reader import Reader

INSTEAD = "compute it in an entry of its own, and let the buffer hold the rest"


def read_functions(context: Context, node: Node) -> Entries | None:
    """The entries, each a function without modifiers but `from`; None after a fault."""
    reader = Reader()
    entries = read_entries(reader, node, "`layers` of a `Buffer`")
    for fault in reader.faults:
        context.fault(fault, counted=False)
    good = [_is_function(context, entry) for entry in entries.items]
    if all(good) and entries.items:
        good.append(_begins(context, entries.items[0]))
    broken = any(fault.severity == "error" for fault in reader.faults)
    return entries if all(good) and entries.items and not broken else None


def _is_function(context: Context, entry: Entry) -> bool:
    found = None
    if not isinstance(entry.body, KindUse) or str(entry.body.kind.value) in context.blocks:
        found = "is no function"
    else:
        op = find(str(entry.body.kind.value))
        if op is not None and (op.is_module or op.bare):
            found = f"is a `{op.name}`, and no function"
    if found is not None:
        name = f"`{clip(str(entry.name.value))}`" if entry.name is not None else "this entry"
        message = f"{name} {found}: what a buffer holds is computed by functions alone"
        context.fault(Diagnostic("AS236", message, entry.place, help=INSTEAD), counted=False)
        return False
    idle = [key for word, key in entry.modifiers.keys.items() if word not in ("from", "align")]
    for key in idle:
        message = f"`{key.value}` says nothing here: a function of a buffer runs once"
        context.fault(Diagnostic("AS105", message, key.span, help=f"remove `{key.value}`"), counted=False)
    return not idle


def _begins(context: Context, entry: Entry) -> bool:
    """Whether the first function needs nothing, or says what it takes (of which a reference's own fault tells)."""
    assert isinstance(entry.body, KindUse)
    op = find(str(entry.body.kind.value))
    if op is None or op.optional_inputs == len(op.inputs) or entry.modifiers.from_ is not None:
        return True
    if inputs_in_value(op, entry.body.arguments) is not None:
        return True
    message = f"`{op.name}` comes first, where there is nothing that it could take"
    help = "begin with `arange`, `new_zeros`, `new_ones` or `new_full`"
    context.fault(Diagnostic("AS236", message, entry.place, help=help), counted=False)
    return False
