"""What a block and the model give back."""

from __future__ import annotations

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, Value
from archspec.elaborate.references import resolve
from archspec.elaborate.scope import last_binding
from archspec.errors import Diagnostic, clip
from archspec.graph.nodes import Output, OutputForm
from archspec.source.tree import Mapping, Node, Scalar, Sequence, describe
from archspec.spec.names import identifier_fault

_KEYS = ("from", "training")


def block_outputs(context: Context, node: Node | None, inside: Environment) -> dict[str, Value]:
    """The outputs of a block by port name: its last entry's, or what `outputs` names."""
    if node is None or _is_empty(context, node):
        return dict(last_binding(inside).ports)
    if isinstance(node, Mapping):
        return {str(key.value): resolve(context, value, inside) for key, value in node}
    if isinstance(node, Sequence):
        return {str(index): resolve(context, item, inside) for index, item in enumerate(node)}
    return {"output": resolve(context, node, inside)}


def model_outputs(
    context: Context, node: Node | None, inside: Environment
) -> tuple[tuple[tuple[str, Value, bool], ...], OutputForm]:
    """Each output's name, value and whether it is there in training mode only; and the form of them all."""
    if node is None or _is_empty(context, node):
        return (("output", last_binding(inside).first, False),), "single"
    if isinstance(node, Sequence):
        read = [_output(context, _label(item), item, inside) for item in node]
        return _some_always(context, node, read), "tuple"
    if isinstance(node, Mapping):
        read = [_output(context, _key(context, key), value, inside) for key, value in node]
        return _some_always(context, node, read), "dict"
    return (("output", resolve(context, node, inside), False),), "single"


def _is_empty(context: Context, node: Node) -> bool:
    """Whether `outputs` names nothing, which is a fault."""
    if isinstance(node, Scalar) or len(node):
        return False
    context.fault(Diagnostic("AS103", "`outputs` is empty", node.span, help="name at least one layer"))
    return True


def _some_always(
    context: Context, node: Node, read: list[tuple[str, Value, bool] | None]
) -> tuple[tuple[str, Value, bool], ...]:
    """The outputs that are no fault; at least one has to be there in eval mode too."""
    if all(output is not None and output[2] for output in read):
        message = "every output is there in training mode only: evaluation would give nothing"
        help = "leave `training: true` out for one of them"
        context.fault(Diagnostic("AS103", message, node.span, help=help))
    return tuple(output for output in read if output is not None)


def _label(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else "output"


def _key(context: Context, key: Scalar) -> str:
    fault = identifier_fault(str(key.value), "an output")
    if fault is not None:
        context.fault(Diagnostic("AS106", fault, key.span, help="choose another name"))
    return str(key.value)


def _output(context: Context, name: str, node: Node, inside: Environment) -> tuple[str, Value, bool] | None:
    if isinstance(node, Scalar):
        return name, resolve(context, node, inside), False
    source = node.get("from") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or source is None or any(key.value not in _KEYS for key, _ in node):
        message = f"the output `{name}` must be a name or `{{from: name, training: true}}`, found {describe(node)}"
        one = node.entries[0] if isinstance(node, Mapping) and len(node) == 1 else None
        named = "" if one is None else f"; outputs with names are a mapping, `outputs: {{{one[0].span.text}: …}}`"
        help = f"write the name of an entry{clip(named, 80)}"
        context.fault(Diagnostic("AS101", message, node.span, help=help))
        return None
    training = node.get("training")
    if training is not None and not (isinstance(training, Scalar) and isinstance(training.value, bool)):
        message = f"`training` must be `true` or `false`, found {describe(training)}"
        context.fault(Diagnostic("AS101", message, training.span, help="write `training: true`"))
        return None
    only = isinstance(training, Scalar) and training.value is True
    return name, resolve(context, source, inside), only


def as_output(name: str, value: Value, training_only: bool) -> Output:
    """The graph's form of an output whose type is known."""
    assert value.type is not None
    return Output(name, value.ref, value.type, training_only)
