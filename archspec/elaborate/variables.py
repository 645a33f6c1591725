"""Values of variables and of blocks' parameters, checked against their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec.elaborate.arguments import Given
from archspec.elaborate.context import Context
from archspec.elaborate.environment import Environment, HeldLayer, Names, within
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.mends import unquoted
from archspec.elaborate.values import evaluate
from archspec.errors import Diagnostic, Edit, Span
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar, describe
from archspec.source.tree import Sequence as TreeSequence
from archspec.spec.document import Block, Parameter
from archspec.suggest import nearest

if TYPE_CHECKING:
    from archspec.elaborate.defaults import Defaults

_EXAMPLES = {"int": "8", "float": "0.5", "bool": "true", "str": "word", "layer": "{LeakyReLU: 0.1}"}
_WORDS = {"int": "an integer", "float": "a number", "bool": "`true` or `false`", "str": "a string", "layer": "a layer"}


def default_value(
    context: Context, parameter: Parameter, names: Mapping[str, Any], what: str, defaults: Defaults | None
) -> Any:
    """What a declaration gives by itself; `UNKNOWN`, and a fault, where it gives nothing or nothing of its type."""
    if parameter.default is None:
        name = str(parameter.name.value)
        context.fault(
            Diagnostic(
                "AS207",
                f"the {what} `{name}` has a type but no value",
                parameter.name.span,
                help=f"give it one with `--set {name}=…`, or write a default",
            )
        )
        return UNKNOWN
    return _checked(
        context,
        parameter,
        Given(held_or_value(context, parameter, parameter.default, names, defaults), parameter.default),
    )


def held_or_value(
    context: Context, parameter: Parameter, node: Node, names: Mapping[str, Any], defaults: Defaults | None
) -> Any:
    """A layer is held as it is written, with the names and defaults that it means; everything else is evaluated."""
    if parameter.type == "layer" and parameter.is_list and isinstance(node, TreeSequence):
        return [held_or_value(context, replace(parameter, is_list=False), item, names, defaults) for item in node]
    is_reference = isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("$")
    layers = isinstance(node, TreeSequence) and parameter.type == "str" and not parameter.is_list  # as for `ReLU`
    if not is_reference and (parameter.type == "layer" or layers or isinstance(node, TreeMapping)):
        return HeldLayer(node, names, defaults)
    return evaluate(context, node, names)


def block_arguments(
    context: Context,
    kind: Scalar,
    block: Block,
    nodes: Mapping[str, tuple[Scalar | None, Node]],
    overrides: Mapping[str, Given],
    environment: Environment,
    own: Defaults | None,
) -> dict[str, Any]:
    """The parameters' values for one instance of a block, left-out ones filled in.

    `own` are the `defaults` that hold inside the block, and so for layers that its parameters hold by themselves.
    """
    names = Names(environment)
    values = within(context.globals)
    for parameter in block.by_need:
        name = str(parameter.name.value)
        if name in overrides:
            values[name] = _checked(context, parameter, overrides[name])
        elif name in nodes:
            key, node = nodes[name]
            values[name] = _checked(
                context,
                parameter,
                Given(held_or_value(context, parameter, node, names, environment.defaults), node, key),
            )
        elif parameter.default is not None:
            values[name] = default_value(context, parameter, values, "parameter", own)
        else:
            missing_argument(context, str(block.name.value), kind, parameter)
            values[name] = UNKNOWN
    return {str(parameter.name.value): values[str(parameter.name.value)] for parameter in block.parameters}


def missing_argument(context: Context, block: str, kind: Scalar, parameter: Parameter) -> None:
    """Record that a block is used without one of its parameters."""
    if block in context.refused_defaults:
        return  # it was given where it cannot be
    name = str(parameter.name.value)
    context.fault(
        Diagnostic(
            "AS203",
            f"`{block}` needs `{name}` ({_words(parameter)})",
            kind.span,
            help=f"write `{{{block}: {{{name}: …}}}}`",
        ),
        same=("AS203", id(kind), name),
        counted=False,
    )


def _words(parameter: Parameter) -> str:
    if parameter.type is None:
        return "any value"
    word = _WORDS[parameter.type]
    return f"a list, each {word}" if parameter.is_list else word


def _checked(context: Context, parameter: Parameter, given: Given) -> Any:
    """The value if it is of the declared type and in its range, else `UNKNOWN` and a fault."""
    value = given.value
    if value is UNKNOWN or parameter.type is None:
        return value
    name = str(parameter.name.value)
    if parameter.is_list:
        good = isinstance(value, list) and all(_is_of(parameter, item) for item in value)
    else:
        good = _is_of(parameter, value)
    if not good:
        mend = unquoted(given.node)
        help = "remove the quotes" if mend is not None and parameter.type != "str" else None
        edit = mend if help else None
        if parameter.type == "str" and isinstance(given.node, Scalar) and not parameter.is_list:
            edit = Edit(given.node.span, f'"{given.node.span.text}"', safe=parameter.default is None)
            help = f"quote it: `{edit.text}`"
        if help is None:
            help, edit = _of_the_type(parameter, given)
        message = f"`{name}` must be {_words(parameter)}, found {_show(value, given.node)}"
        notes = (_declared_at(parameter, given.node.span),) if _stands_apart(parameter, given.node) else ()
        context.fault(Diagnostic("AS208", message, given.node.span, notes=notes, help=help, edit=edit))
        return UNKNOWN
    return value if _in_range(context, parameter, given) else UNKNOWN


def _of_the_type(parameter: Parameter, given: Given) -> tuple[str, Edit | None]:
    """`64` for `64.0`, or an example."""
    value, node = given.value, given.node
    if parameter.type == "int" and isinstance(value, float) and value.is_integer() and not parameter.is_list:
        if "$" not in node.span.text:
            return f"write `{int(value)}`", Edit(node.span, str(int(value)))
        return "write `int(…)` around what is computed", None
    example = _EXAMPLES[str(parameter.type)]
    written = f"[{example}]" if parameter.is_list else example
    return f"write a value like `{parameter.name.value}: {written}`", None


def _stands_apart(parameter: Parameter, value: Node) -> bool:
    """Whether a value is not where its type is declared: an argument, a setting, or an overlay's."""
    return value is not parameter.default or value.span.source is not parameter.name.span.source


def _declared_at(parameter: Parameter, at: Span) -> str:
    return f"`{parameter.name.value}` is declared in {parameter.name.span.line_seen_from(at)}"


def _is_of(parameter: Parameter, value: Any) -> bool:
    if parameter.type == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if parameter.type == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if parameter.type == "bool":
        return isinstance(value, bool)
    if parameter.type == "str":  # a word may be replaced by a layer: `activation: ReLU` by `{LeakyReLU: 0.2}`
        return isinstance(value, (str, HeldLayer))
    if isinstance(value, HeldLayer) and isinstance(value.node, Scalar):
        return isinstance(value.node.value, str)
    return isinstance(value, (str, HeldLayer))


def _in_range(context: Context, parameter: Parameter, given: Given) -> bool:
    for item in given.value if parameter.is_list else [given.value]:
        fault = _range_fault(parameter, item)
        if fault is not None:
            name = parameter.name.value
            message = f"`{name}` must be {fault}, found {_show(item, given.node)}"
            notes = (_declared_at(parameter, given.node.span),)
            help, edit = _into_range(parameter, item, given.node)
            context.fault(Diagnostic("AS208", message, given.node.span, notes=notes, help=help, edit=edit))
            return False
    return True


def _range_fault(parameter: Parameter, value: Any) -> str | None:
    least, most = _limit(parameter.min), _limit(parameter.max)
    if least is not None and isinstance(value, (int, float)) and value < least:
        return f"≥ {least}"
    if most is not None and isinstance(value, (int, float)) and value > most:
        return f"≤ {most}"
    if isinstance(parameter.choices, TreeSequence):
        choices = [item.value for item in parameter.choices if isinstance(item, Scalar)]
        if value not in choices:
            return "one of " + ", ".join(f"`{choice}`" for choice in choices)
    return None


def _into_range(parameter: Parameter, value: Any, node: Node) -> tuple[str, Edit | None]:
    """The nearest choice, or the bound that is passed."""
    plain = isinstance(node, Scalar) and "$" not in node.span.text and not parameter.is_list
    if isinstance(parameter.choices, TreeSequence):
        choices = [str(item.value) for item in parameter.choices if isinstance(item, Scalar)]
        near = nearest(str(value), choices)
        if not near:
            return "write one of them, or add it to the `choices` of the declaration", None
        return f"did you mean `{near[0]}`?", Edit(node.span, near[0]) if plain else None
    least, most = _limit(parameter.min), _limit(parameter.max)
    bound = least if least is not None and value < least else most
    return f"write `{bound}`, or change the declaration", Edit(node.span, f"{bound}") if plain else None


def _limit(node: Node | None) -> float | None:
    number = isinstance(node, Scalar) and isinstance(node.value, (int, float))
    return node.value if number else None  # type: ignore[union-attr, return-value]


def _show(value: Any, node: Node) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'the string "{value[:40]}"'
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, HeldLayer):
        return describe(value.node) if isinstance(value.node, Scalar) else "a layer"
    return "nothing" if value is None else f"{value}"
