"""A layer or function applied: its arguments, its rule, and the faults that the rule finds."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from typing import Any

from archspec.elaborate.arguments import NO_NAMES, Given, Overrides, is_argument
from archspec.elaborate.call_arguments import call_arguments
from archspec.elaborate.call_faults import diagnostic_of
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import with_defaults
from archspec.elaborate.environment import NOWHERE, Binding, Environment, HeldLayer, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.limits import TENSORS_IN_A_STEP
from archspec.elaborate.named_inputs import given_keywords, told_apart
from archspec.elaborate.places import where
from archspec.elaborate.scope import NOTHING, Placed
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Span
from archspec.graph.nodes import Call, Ref
from archspec.ops.apply import Applied, apply, bad_arguments
from archspec.ops.broadcast import is_batched
from archspec.ops.code import BATCH
from archspec.ops.entry import Inputs, Op
from archspec.ops.faults import BadValue, RuleFault, RuleFaults
from archspec.ops.habits import meant_argument
from archspec.ops.layer_class import takes_class
from archspec.spec.document import Entry, KindUse
from archspec.tensors import TensorType


def place_call(
    context: Context,
    op: Op,
    entry: Entry,
    use: KindUse,
    environment: Environment,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    overrides: Overrides,
) -> Placed:
    """One call of a catalogue entry."""
    arguments = call_arguments(context, op, entry, use)
    if arguments is None:
        return NOTHING
    given = with_defaults(context, op, environment, arguments.evaluate(context, environment, overrides))
    if any(isinstance(argument.value, HeldLayer) for argument in given.values()):
        given = {name: _plain(context, op, name, argument) for name, argument in given.items()}
    known, misspelt = _known(context, op, given)
    own_name = entry.name.value if entry.name is not None else use.kind.value
    shown = f"`{own_name}`"
    if len(inputs) > 1:
        inputs = told_apart(context, op, entry, str(own_name), environment, inputs)
    names = Names(environment)
    span, keywords = use.kind.span, given_keywords(op, entry)
    placed = apply_op(context, op, known, inputs, name, path, shown, span, names, keywords, arguments_only=misspelt)
    if "inplace" in known and known["inplace"].by_default:
        context.inplace_by_default.update(node.id for node in placed.nodes)
    if op.code is None or _knows_batch(environment):
        return placed
    if not any(isinstance(node, Call) and BATCH in _code(node) for node in placed.nodes):
        return placed
    if environment.beyond is not None:
        return placed  # told by the buffer that is computed here
    message = f"{shown} needs the batch size, but no input of the block or sequence around it has the batch"
    help = "add an input that has it, or write this where there is one"
    context.fault(Diagnostic("AS402", message, use.kind.span, help=help))
    return NOTHING


def _known(context: Context, op: Op, given: Overrides) -> tuple[Overrides, bool]:
    """The arguments under the names that are meant, and whether some are left out, as no name is near, or the near
    one is given too.

    A misspelt one is reported by the check of kinds; its value is used all the same, so that the rest can be checked.
    """
    if op.by_name.keys() >= given.keys():
        return given, False
    meanings = _meanings(context, op, tuple(given))
    known = {name: argument for name, argument in given.items() if meanings[name][0]}
    if op.layer is not None:  # a caller's own layer is not tried with a guess
        return known, len(known) < len(given)
    for name, argument in given.items():
        meant = name if name in known else meanings[name][1]
        if meant is not None and name.startswith(f"{meant}="):
            known.setdefault(meant, Given(UNKNOWN, argument.node, argument.key))
        elif meant is not None:
            known.setdefault(meant, _guessed(op, meant, argument))
    unplaced = (meanings[name][1] for name in given if name not in known)
    return known, any(meant is None or meant in given for meant in unplaced)


def _meanings(context: Context, op: Op, names: tuple[str, ...]) -> dict[str, tuple[bool, str | None]]:
    """For each of the names that stand together, whether it is an argument, and if not, which one it comes near to."""
    key = (op.name, *names)
    found = context.meant.get(key)
    if found is None:
        known = [is_argument(op, name, names) for name in names]
        free = [name for name in op.by_name if name not in names]
        guesses = [
            None if is_known else meant_argument(name, free) or meant_argument(name, op.by_name)
            for name, is_known in zip(names, known, strict=True)
        ]
        found = context.meant[key] = dict(zip(names, zip(known, guesses, strict=True), strict=True))
    return found


def _guessed(op: Op, meant: str, argument: Given) -> Given:
    """The argument under the name that is guessed; a value that does not go with it says nothing against the value."""
    arg = op.argument(meant)
    try:
        if arg is not None and argument.value is not UNKNOWN:
            arg.type.accept(argument.value)
    except BadValue:
        return Given(UNKNOWN, argument.node, argument.key)
    return argument


def _code(call: Call) -> str:
    return "" if call.op.code is None else call.op.code(call.args, ("x",) * len(call.inputs))


def _knows_batch(environment: Environment) -> bool:
    """Whether the forward that this is written into has an argument with the batch, or one that a fault hides."""
    inputs = next((scope.inputs for scope in environment.outward() if scope.inputs), {})
    return any(value.type is None or is_batched(value.type.shape) for value in inputs.values())


def _plain(context: Context, op: Op, name: str, argument: Given) -> Given:
    """An argument that holds no layer: only blocks take layers, and what is a class in torch takes a kind."""
    if not isinstance(argument.value, HeldLayer):
        return argument
    arg = op.arg(name)
    if arg is not None and takes_class(arg.type):
        held = argument.value
        context.reached.add(where(held.node.span))
        value = evaluate(context, held.node, held.names)
        return Given(value, argument.node, argument.key, argument.by_default, held.node)
    message = f"`{name}` takes a plain value, but `{argument.node.span.text}` holds a layer"
    help = "write a value, or a variable that holds one"
    context.fault(Diagnostic("AS401", message, argument.node.span, help=help))
    return Given(UNKNOWN, argument.node, argument.key)


def apply_op(
    context: Context,
    op: Op,
    given: Overrides,
    inputs: tuple[Value, ...],
    name: str,
    path: str,
    shown: str,
    span: Span,
    names: ReadOnly[str, Any] = NO_NAMES,
    keywords: tuple[str, ...] = (),
    *,
    arguments_only: bool = False,
) -> Placed:
    """Apply the rule of an entry to known arguments and inputs; faults become diagnostics.

    `keywords` are the names of the last inputs, where these are given by name only.
    With `arguments_only`, since one of them has no known name, nothing is said of what is missing or of shapes;
    neither is anything of shapes where a fault found before hides an argument or an input.
    """
    types = tuple(value.type for value in inputs if value.type is not None)
    values = {key: argument.value for key, argument in given.items() if argument.value is not UNKNOWN}
    if arguments_only or context.blind or len(types) < len(inputs) or len(values) < len(given):
        faults = bad_arguments(op, values, None if arguments_only else given)
        applied = None
    else:
        count = max(len(types) - len(keywords), 0)
        applied, faults = _applied(context, op, values, types[:count], dict(zip(keywords, types[count:], strict=False)))
    for fault in faults:
        context.fault(diagnostic_of(context, fault, op, given, inputs, shown, span, names))
    if applied is None:
        return Placed((), Binding(dict.fromkeys(op.ports, NOWHERE)))
    return _placed(context, op, applied, inputs, name, path, span)


def _applied(
    context: Context, op: Op, values: dict[str, Any], types: Inputs, named: dict[str, TensorType]
) -> tuple[Applied | None, tuple[RuleFault, ...]]:
    """The call and its faults. Where each fault has its mend, the call is the mended one, so that what comes after it
    is checked too."""
    try:
        return _applied_once(context, op, values, types, named), ()
    except RuleFaults as error:
        faults = error.faults
    mends = {fault.arg: fault.suggestion for fault in faults if fault.arg is not None and fault.index is None}
    if len(mends) < len(faults) or None in mends.values():
        return None, faults
    try:
        return apply(op, {**values, **mends}, types, named), faults
    except RuleFaults:
        return None, faults


def _applied_once(
    context: Context, op: Op, values: dict[str, Any], types: Inputs, named: dict[str, TensorType]
) -> Applied:
    """The call; the very same one for each copy that is written alike and takes the same types.

    Raises:
        RuleFaults: as `apply` does.
    """
    if op.layer is not None:  # a caller's own rule may give what it likes
        return apply(op, values, types, named)
    layouts = tuple(type_.channels_first for type_ in types)
    key = (op.name, repr(values), types, layouts, *named.items())  # as text, 1, 1.0 and true are three values
    applied = context.applied.get(key)
    if applied is None:
        applied = context.applied[key] = apply(op, values, types, named)
    return applied


def _placed(
    context: Context, op: Op, applied: Applied, inputs: tuple[Value, ...], name: str, path: str, span: Span
) -> Placed:
    refs = tuple(value.ref for value in inputs)
    if len(applied.state) >= TENSORS_IN_A_STEP:
        context.spend(len(applied.state) // TENSORS_IN_A_STEP, span)
    id = context.new_id(span)
    if context.policies.by_name:
        context.own_state[id] = applied.state
    call = Call(
        id=id,
        name=name,
        path=path,
        op=op,
        args=applied.args,
        inputs=refs,
        outputs=applied.outputs,
        state=context.policies.apply(context, op.name, path, applied.state),
        macs=applied.macs,
        span=span,
    )
    context.record(call.id, op.name if path.isdecimal() else path, applied.outputs, span, refs)
    ports = {
        port: Value(Ref(call.id, index), type_)
        for index, (port, type_) in enumerate(zip(op.ports, applied.outputs, strict=False))
    }
    return Placed((call,), Binding(ports))
