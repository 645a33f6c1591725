"""`tie`: a parameter of a layer that is a parameter of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from archspec.elaborate.context import Context
from archspec.elaborate.environment import Binding, Environment, Names
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.references import Later, find_binding
from archspec.elaborate.scope import Placed
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.graph.nodes import Call
from archspec.ops.entry import State
from archspec.source.tree import Mapping, Node, Scalar, describe
from archspec.suggest import nearest


class _Found(NamedTuple):
    """A parameter that others can be tied to, by its full name."""

    name: str
    state: State


def tied(context: Context, node: Node, environment: Environment, placed: Placed) -> Placed:
    """The call with each parameter that `tie` names marked as the one that it is."""
    if not isinstance(node, Mapping) or not len(node):
        message = f"`tie` is a mapping of this layer's parameters to earlier ones, found {describe(node)}"
        context.fault(Diagnostic("AS101", message, node.span, help="write e.g. `tie: {weight: embedding.weight}`"))
        return placed
    if not placed.nodes:
        for key, value in node:
            _find(context, value, environment, None, _later(environment.placing or "", str(key.value), value))
        return placed
    call = placed.nodes[0]
    assert isinstance(call, Call)
    state = dict(call.state)
    for key, value in node:
        own = state.get(str(key.value))
        if own is None or own.is_buffer:
            _no_parameter(context, call.name, [name for name, each in state.items() if not each.is_buffer], key)
            continue
        found = _find(context, value, environment, call.name, _later(call.name, str(key.value), value))
        if found is not None and _fits(context, call, key, own, found, value.span):
            state[str(key.value)] = replace(own, tied=found.name)
    return replace(placed, nodes=(replace(call, state=state), *placed.nodes[1:]))


def _no_parameter(context: Context, name: str, known: list[str], key: Scalar) -> None:
    guess = nearest(str(key.value), known)
    if guess:
        help, edit = f"did you mean `{guess[0]}`?", Edit(key.span, guess[0])
    else:
        listed = ", ".join(f"`{each}`" for each in known)
        help, edit = (f"it has {listed}" if known else "it has no parameters: remove `tie`"), None
    message = f"`{name}` has no parameter `{clip(str(key.value))}`"
    context.fault(Diagnostic("AS202", message, key.span, help=help, edit=edit))


def _later(name: str, parameter: str, node: Node) -> Later:
    """What to do about a layer that comes later."""
    layer, _, own = str(node.value).rpartition(".") if isinstance(node, Scalar) else ("", "", "")
    other = f"`tie: {{{clip(own)}: {name}.{clip(parameter)}}}` in `{clip(layer)}` instead"
    return Later(
        "a parameter is tied to that of an earlier layer", f"write {other if layer else '`tie` there instead'}"
    )


def _find(
    context: Context, node: Node, environment: Environment, name: str | None, later: Later | None
) -> _Found | None:
    """The parameter that a reference means: `embedding.weight`, or a bare `Parameter` by its own name."""
    text = evaluate(context, node, Names(environment)) if isinstance(node, Scalar) else None
    if text is UNKNOWN:
        return None
    if not isinstance(text, str):
        message = f"a parameter is named by its layer and its own name, found {describe(node)}"
        context.fault(Diagnostic("AS205", message, node.span, help="write e.g. `embedding.weight`"))
        return None
    layer, _, parameter = text.rpartition(".")
    if parameter == "data" and "." in layer:
        edit = Edit(node.span, layer)
        message = f"`{clip(text)}` goes into a parameter, and a parameter is tied whole"
        context.fault(Diagnostic("AS205", message, node.span, help=f"write `{clip(layer)}`", edit=edit))
        return None
    binding = find_binding(context, Scalar(layer or text, node.span), environment, name, later)
    if binding is None:
        return None
    if binding.remade is None and binding.first.type is None:
        return None  # its fault is reported where it was made
    call = _call(binding)
    if layer and (call is None or call.op.bare):
        binding = find_binding(context, Scalar(text, node.span), environment, name, later)
        call = None if binding is None else _call(binding)
        if binding is None:
            return None
    return _parameter(context, call, parameter, text, node.span)


def _call(binding: Binding) -> Call | None:
    own = None if binding.remade is None else binding.remade.nodes[0]
    return own if isinstance(own, Call) else None


def _parameter(context: Context, call: Call | None, parameter: str, text: str, span: Span) -> _Found | None:
    tensors = {} if call is None else {name: state for name, state in call.tensors if not state.is_buffer}
    if call is not None and call.op.bare and tensors:
        name, state = next(iter(tensors.items()))
        return _Found(state.tied or name, state)
    found = None if call is None else tensors.get(f"{call.path}.{parameter}")
    if call is None or found is None:
        own = [name.removeprefix(f"{call.path}.") for name in tensors] if call is not None else []
        layer = text.rpartition(".")[0] or text
        help = f"`{layer}` has {', '.join(f'`{each}`' for each in own)}" if own else "name a layer and its parameter"
        message = f"`{clip(text)}` is no parameter of an earlier layer"
        context.fault(Diagnostic("AS205", message, span, help=help))
        return None
    return _Found(found.tied or f"{call.path}.{parameter}", found)


def _fits(context: Context, call: Call, key: Scalar, own: State, found: _Found, span: Span) -> bool:
    if own.shape == found.state.shape and own.dtype == found.state.dtype:
        return True
    mine, theirs = list(own.shape), list(found.state.shape)
    message = f"`{call.name}.{key.value}` is {mine}, but `{found.name}` is {theirs}: tied parameters have one shape"
    help = "give the two layers the same sizes, or leave `tie` out"
    context.fault(Diagnostic("AS235", message, span, help=help))
    return False
