"""`defaults`: arguments for every entry of a kind, each of which an entry overrides by writing it itself."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from archspec.elaborate.arguments import NO_OVERRIDES, Given, Overrides
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, HeldLayer
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.init_function import read_init
from archspec.elaborate.mends import mend
from archspec.elaborate.parts import innermost, place_of
from archspec.elaborate.values import evaluate, resolved
from archspec.errors import Diagnostic, Span
from archspec.ops.apply import bad_arguments
from archspec.ops.entry import Op
from archspec.ops.faults import RuleFault
from archspec.ops.habits import meant_argument
from archspec.ops.registry import find
from archspec.source.tree import Mapping, Node, Scalar, is_null
from archspec.spec.document import Block

Kinds: TypeAlias = ReadOnly[str, tuple[Scalar, Node]]


@dataclass(slots=True)
class Defaults:
    """The `defaults` of a file, or of a block that has its own.

    Attributes:
        node: as written.
        kinds: the arguments under each kind as written; None where the whole is no mapping.
        names: what its expressions mean; None are the file's variables.
        used: the kinds that some entry has asked for.
    """

    node: Node
    kinds: Kinds | None
    names: ReadOnly[str, Any] | None = None
    used: set[str] = field(default_factory=set)
    _values: dict[str, Overrides] = field(default_factory=dict)

    def of(self, context: Context, op: Op) -> Overrides:
        """What it gives a kind. A faulty one is there with an unknown value, so that nothing is said to be missing."""
        self.used.add(op.name)
        if self.kinds is not None and op.name not in self.kinds:
            return NO_OVERRIDES
        if op.name not in self._values:
            self._values[op.name] = self._evaluated(context, op)
        return self._values[op.name]

    def evaluate_all(self, context: Context) -> None:
        """Record every fault of a value, used or not."""
        for name in self.kinds or ():
            op = find(name)
            if op is not None and name not in self._values:
                self._values[name] = self._evaluated(context, op)

    def _written(self, op: Op) -> dict[str, tuple[Scalar | None, Node]] | None:
        if self.kinds is None:
            return None
        return arguments_of(op, self.kinds[op.name][1])

    def _evaluated(self, context: Context, op: Op) -> Overrides:
        written = self._written(op)
        if written is None:  # reported where the form is checked
            return {arg.name: Given(UNKNOWN, self.node, by_default=True) for arg in op.args if arg.is_required}
        names = context.globals if self.names is None else self.names
        given = {name: _given(context, op, name, key, node, names) for name, (key, node) in written.items()}
        return {**self._perhaps_misspelt(op, written), **_sound(context, op, given, written, names)}

    def _perhaps_misspelt(self, op: Op, written: ReadOnly[str, object]) -> Overrides:
        """Required arguments that a misspelt one may be: there with an unknown value."""
        node = None if self.kinds is None else self.kinds[op.name][1]
        if not isinstance(node, Mapping) or all(key.value in op.by_name for key, _ in node):
            return NO_OVERRIDES
        missing = (arg.name for arg in op.args if arg.is_required and arg.name not in written)
        return {name: Given(UNKNOWN, self.node, by_default=True) for name in missing}


def defaults_in(context: Context, block: Block, names: ReadOnly[str, Any]) -> Defaults | None:
    """Those that hold in an instance of a block: its own, whose expressions mean `names`, or else the file's."""
    if block.defaults is None:
        return context.defaults
    return Defaults(block.defaults, context.block_defaults[str(block.name.value)], names)


def arguments_of(op: Op, node: Node) -> dict[str, tuple[Scalar | None, Node]] | None:
    """A kind's default arguments as written, misspelt ones as what they mean; None where their form is wrong.

    A bare value is the primary argument, but of a function, where it would be the inputs.
    """
    if not isinstance(node, Mapping):
        is_value = op.primary is not None and (op.is_module or op.bare) and not is_null(node)
        return {str(op.primary): (None, node)} if is_value else None
    written: dict[str, tuple[Scalar | None, Node]] = {}
    for key, value in node:
        meant = str(key.value) if key.value in op.by_name else meant_argument(str(key.value), op.by_name)
        if meant is not None:
            written.setdefault(meant, (key, value))
    return written


def _given(context: Context, op: Op, name: str, key: Scalar | None, node: Node, names: ReadOnly[str, Any]) -> Given:
    if op.bare and name == "init":
        return Given(init_of(context, node, names), node, key, by_default=True)
    value = evaluate(context, node, names)
    if isinstance(value, HeldLayer):
        message = f"`{name}` takes a plain value, but `{node.span.text}` holds a layer"
        help = "write a number, a word, a truth value or a list of them"
        context.fault(Diagnostic("AS401", message, node.span, help=help))
        value = UNKNOWN
    return Given(value, node, key, by_default=True)


def init_of(context: Context, node: Node, names: ReadOnly[str, Any]) -> Any:
    """The initialisation of a bare tensor; None if it has none, unknown after a fault."""
    plain = resolved(context, node, names)
    if plain is not None and is_null(plain):
        return None
    read = None if plain is None else read_init(context, plain)
    return UNKNOWN if read is None else read


def _sound(
    context: Context,
    op: Op,
    given: Overrides,
    written: ReadOnly[str, tuple[Scalar | None, Node]],
    names: ReadOnly[str, Any],
) -> Overrides:
    """The arguments, those that are not accepted unknown; each of these is a fault at its place here."""
    values = {name: argument.value for name, argument in given.items() if argument.value is not UNKNOWN}
    faults = bad_arguments(op, values, None)
    for fault in faults:
        context.fault(_diagnostic(*innermost(fault, op, given), names))
    bad = {fault.arg for fault in faults}
    return {
        name: Given(UNKNOWN, argument.node, argument.key, by_default=True) if name in bad else argument
        for name, argument in given.items()
    }


def _diagnostic(fault: RuleFault, op: Op, given: Overrides, names: ReadOnly[str, Any]) -> Diagnostic:
    argument = given[str(fault.arg)]
    place = place_of(fault, argument)
    help, edit = mend(fault, op, argument, place, names)
    message = fault.message.replace("`{name}`", "{name}").replace("{name}", f"`{op.name}`")
    return Diagnostic(fault.code, message, place, notes=fault.notes, help=help, edit=edit)


def with_defaults(context: Context, op: Op, environment: Environment, given: Overrides) -> Overrides:
    """The arguments of an entry over those that `defaults` gives its kind. A misspelt one is over what it means."""
    defaults = environment.defaults
    found = NO_OVERRIDES if defaults is None else defaults.of(context, op)
    if not found:
        return given
    known = {*found, *given}
    missing = [arg.name for arg in op.args if arg.is_required and arg.name not in known]
    strange = [name for name in given if name not in op.by_name]
    meant = {meant_argument(name, missing) or meant_argument(name, op.by_name) for name in strange}
    return {**{name: argument for name, argument in found.items() if name not in meant}, **given}


def said_by_default(fault: RuleFault, given: Overrides, at: Span) -> Iterator[str]:
    """A note for each default that a fault of an entry is about."""
    for name, argument in given.items():
        if argument.by_default and (fault.arg == name or f"`{name}`" in fault.message):
            place = (argument.key or argument.node).span
            yield f"`{name}: {argument.node.span.text}` comes from `defaults`, {place.line_seen_from(at)}"
