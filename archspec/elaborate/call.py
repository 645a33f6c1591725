"""A layer or function applied: its arguments, its rule, and the faults that the rule finds."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from typing import Any

from archspec.elaborate.arguments import NO_NAMES, Given, Overrides, Written, is_argument, written
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import said_by_default, with_defaults
from archspec.elaborate.environment import NOWHERE, Binding, Environment, HeldLayer, Names, Value
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.limits import TENSORS_IN_A_STEP
from archspec.elaborate.mends import OTHERWISE, mend
from archspec.elaborate.named_inputs import given_keywords, told_apart
from archspec.elaborate.positional import by_place
from archspec.elaborate.provenance import chain, changed
from archspec.elaborate.scope import NOTHING, Placed
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.graph.nodes import Call, Ref
from archspec.ops.apply import Applied, apply, bad_arguments
from archspec.ops.arguments import Each, Either
from archspec.ops.broadcast import is_batched
from archspec.ops.code import BATCH
from archspec.ops.entry import Inputs, Op
from archspec.ops.faults import BadValue, RuleFault, RuleFaults
from archspec.ops.habits import meant_argument
from archspec.ops.layer_class import takes_class
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import Entry, KindUse
from archspec.tensors import N, TensorType


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
    given = {name: _plain(context, op, name, argument) for name, argument in given.items()}
    known, misspelt = _known(op, given)
    shown = f"`{entry.name.value if entry.name is not None else use.kind.value}`"
    inputs = told_apart(context, op, entry, shown.strip("`"), environment, inputs)
    names = Names(environment)
    span, keywords = use.kind.span, given_keywords(op, entry)
    placed = apply_op(context, op, known, inputs, name, path, shown, span, names, keywords, arguments_only=misspelt)
    if "inplace" in known and known["inplace"].by_default:
        context.inplace_by_default.update(node.id for node in placed.nodes)
    if not any(isinstance(node, Call) and BATCH in _code(node) for node in placed.nodes) or _knows_batch(environment):
        return placed
    if environment.beyond is not None:
        return placed  # told by the buffer that is computed here
    message = f"{shown} needs the batch size, but no input of the block or sequence around it has the batch"
    help = "add an input that has it, or write this where there is one"
    context.fault(Diagnostic("AS402", message, use.kind.span, help=help))
    return NOTHING


def _known(op: Op, given: dict[str, Given]) -> tuple[dict[str, Given], bool]:
    """The arguments under the names that are meant, and whether some are left out, as no name is near, or the near
    one is given too.

    A misspelt one is reported by the check of kinds; its value is used all the same, so that the rest can be checked.
    """
    known = {name: argument for name, argument in given.items() if is_argument(op, name, given)}
    if op.layer is not None:  # a caller's own layer is not tried with a guess
        return known, len(known) < len(given)
    for name, argument in given.items():
        meant = name if name in known else meant_argument(name, op.by_name)
        if meant is not None and name.startswith(f"{meant}="):
            known.setdefault(meant, Given(UNKNOWN, argument.node, argument.key))
        elif meant is not None:
            known.setdefault(meant, _guessed(op, meant, argument))
    unplaced = (meant_argument(name, op.by_name) for name in given if name not in known)
    return known, any(meant is None or meant in given for meant in unplaced)


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
        return Given(evaluate(context, held.node, held.names), argument.node, argument.key)
    message = f"`{name}` takes a plain value, but `{argument.node.span.text}` holds a layer"
    context.fault(Diagnostic("AS401", message, argument.node.span))
    return Given(UNKNOWN, argument.node, argument.key)


def call_arguments(context: Context, op: Op, entry: Entry, use: KindUse) -> Written | None:
    """The arguments as written, where the value does not list inputs instead. None after a fault."""
    node = (
        None
        if inputs_in_value(op, use.arguments) is not None
        else by_place(context, op, _one_mapping(context, op, use.arguments))
    )
    arguments = written(context, use.kind, node, op.primary, [arg.name for arg in op.args if arg.inferred is None])
    align = entry.modifiers.align
    if arguments is not None and align is not None and op.arg("align") is not None:
        return Written({**arguments.nodes, "align": (entry.modifiers.keys["align"], align)})
    return arguments


def _one_mapping(context: Context, op: Op, node: Node | None) -> Node | None:
    """A list of mappings with one argument each, `{Conv2d: [out_channels: 8, kernel_size: 3]}`, as one mapping."""
    if not isinstance(node, Sequence) or not len(node):
        return node
    pairs = [item.entries[0] for item in node if isinstance(item, Mapping) and len(item) == 1]
    if len(pairs) < len(node) or any(str(key.value) not in op.by_name for key, _ in pairs):
        return node
    text = node.span.text
    edit = Edit(node.span, f"{{{text[1:-1]}}}") if text.startswith("[") and "{" not in text else None
    help = f"write `{clip(edit.text)}`" if edit is not None else "write them without the `-`"
    context.fault(
        Diagnostic(
            "AS101", f"the arguments of `{op.name}` are a mapping, found a list", node.span, help=help, edit=edit
        )
    )
    return Mapping(tuple(pairs), node.span)


def inputs_in_value(op: Op, value: Node | None) -> Node | None:
    """The value of a function's key where it lists the function's inputs: `{add: [a, b]}`, `{relu: x}`."""
    if op.is_module or op.bare or value is None or isinstance(value, Mapping):
        return None
    if isinstance(value, Sequence):
        if len(op.inputs) == 1 and not op.variadic and len(value) > 1 and takes_list(op):
            return None
        kinds: type | tuple[type, ...] = str if takes_list(op) else (str, int)  # `0` names a numbered layer
        numbers = all(isinstance(item, Scalar) and isinstance(item.value, int) for item in value)
        if len(op.inputs) == 1 and not op.variadic and len(value) > 1 and numbers:
            return None
        names = all(isinstance(item, Scalar) and isinstance(item.value, kinds) for item in value)
        return value if names and (len(value) or not takes_list(op)) else None
    return value if isinstance(value.value, str) and not _takes_text(op, value.value) else None


def _takes_text(op: Op, text: str) -> bool:
    """Whether a string can be the primary argument; an expression may give anything."""
    primary = op.arg(op.primary) if op.primary is not None else None
    if primary is None or "$" in text:
        return primary is not None
    try:
        primary.type.accept(text)
    except BadValue:
        return False
    return True


def takes_list(op: Op) -> bool:
    """Whether a bare list means the primary argument: `{reshape: [N, $features]}`, `{split: [16, 48]}`."""
    arg = None if op.primary is None else op.arg(op.primary)
    types = () if arg is None else arg.type.types if isinstance(arg.type, Either) else (arg.type,)
    return any(isinstance(type, Each) for type in types)


def apply_op(
    context: Context,
    op: Op,
    given: dict[str, Given],
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
        context.fault(_diagnostic(context, fault, op, given, inputs, shown, span, names))
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
    context.spend(len(applied.state) // TENSORS_IN_A_STEP, span)
    call = Call(
        id=context.new_id(span),
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


def _diagnostic(
    context: Context,
    fault: RuleFault,
    op: Op,
    given: dict[str, Given],
    inputs: tuple[Value, ...],
    shown: str,
    span: Span,
    names: ReadOnly[str, Any],
) -> Diagnostic:
    argument = given.get(fault.arg) if fault.arg is not None else None
    own = argument is not None and not argument.by_default
    place = argument.element_span(fault.index) if argument is not None and own else span
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
        origin = chain(context.made, inputs[index], at)
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
    found = changed(context.made, first if mine < theirs else other, dim)
    if found is not None:
        step, before, after = found
        yield f"`{step.name}` ({step.span.line_seen_from(at)}) makes {after} of {before}"


def _subject(inputs: tuple[Value, ...], index: int) -> str:
    return "its input" if len(inputs) == 1 else f"input {index + 1}"
