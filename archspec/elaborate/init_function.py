"""One initialisation as a spec writes it: a function of `torch.nn.init`, and its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archspec.elaborate.recipe_mends import by_default
from archspec.errors import Diagnostic, clip
from archspec.ops.called import Signature
from archspec.ops.entry import Init
from archspec.ops.init_rules import argument_fault
from archspec.ops.signatures import signatures
from archspec.source.tree import Hidden, Node, Scalar, Sequence, describe, is_null
from archspec.source.tree import Mapping as TreeMapping
from archspec.suggest import nearest, respelled

if TYPE_CHECKING:
    from archspec.elaborate.context import Context

_HIDDEN = ("tensor", "generator")


def read_init(context: Context, node: Node) -> Init | None:
    """One initialisation: a function's name, or the name with its arguments."""
    functions = signatures("inits")
    if isinstance(node, Hidden):
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        key, arguments = node, None
    elif isinstance(node, TreeMapping) and len(node) == 1:
        key, arguments = node.entries[0]
    else:
        message = f"an initialisation is a function's name or `{{name: {{argument: value}}}}`, found {describe(node)}"
        help: str | None = "write e.g. `{normal: {std: 0.01}}`, or `zeros`"
        context.fault(Diagnostic("AS101", message, node.span, help=help))
        return None
    signature = functions.get(str(key.value))
    if signature is None:
        guess = nearest(str(key.value), functions)
        begun = [name for name in functions if name.startswith(f"{key.value}_")]
        help = "it is a function of torch.nn.init, without its last `_`"
        if guess or begun:
            help = f"did you mean {' or '.join(f'`{name}`' for name in guess or begun)}?"
        edit = respelled(key.span, str(key.value), guess[0], functions) if guess else None
        message = f"torch.nn.init has no `{clip(str(key.value))}`"
        context.fault(Diagnostic("AS201", message, key.span, help=help, edit=edit))
        return None
    given = _arguments(context, signature, key, arguments)
    if given is None:
        return None
    fault = argument_fault(signature.name, given)
    if fault is not None:
        name, wanted = fault
        place = _value_of(arguments, name) or key
        message = f"`{name}` of `{signature.name}` must be {wanted}, found {describe(place)}"
        argument = signature.argument(name)
        mend = None if argument is None else by_default(argument)
        context.fault(Diagnostic("AS401", message, place.span, help=mend))
        return None
    return Init(signature.name, given)


def _value_of(arguments: Node | None, name: str) -> Node | None:
    return arguments.get(name) if isinstance(arguments, TreeMapping) else arguments


def _arguments(context: Context, signature: Signature, key: Scalar, node: Node | None) -> dict[str, Any] | None:
    known = [argument for argument in signature.arguments if argument.name not in _HIDDEN]
    if node is None or is_null(node):
        given: dict[str, tuple[Scalar, Node]] = {}
    elif isinstance(node, TreeMapping):
        given = {str(name.value): (name, value) for name, value in node}
    elif known:
        given = {known[0].name: (key, node)}
    else:
        help = f"write `{signature.name}` alone"
        context.fault(Diagnostic("AS204", f"`{signature.name}` takes no arguments", node.span, help=help))
        return None
    good = True
    for name, (place, value) in given.items():
        good = _check_argument(context, signature, name, place, value, [a.name for a in known]) and good
    for argument in known:
        if argument.required and argument.name not in given:
            message = f"`{signature.name}` needs `{argument.name}`"
            help = f"write `{{{signature.name}: {{{argument.name}: …}}}}`"
            context.fault(Diagnostic("AS203", message, key.span, help=help))
            good = False
    return {name: value.value for name, (_, value) in given.items() if isinstance(value, Scalar)} if good else None


def _check_argument(
    context: Context, signature: Signature, name: str, place: Scalar, value: Node, known: list[str]
) -> bool:
    argument = signature.argument(name)
    if argument is None or name in _HIDDEN:
        guess = nearest(name, known)
        help = f"did you mean `{guess[0]}`?" if guess else "it has " + ", ".join(f"`{n}`" for n in known)
        edit = respelled(place.span, name, guess[0], known) if guess else None
        message = f"`{signature.name}` has no argument `{clip(name)}`"
        context.fault(Diagnostic("AS202", message, place.span, help=help, edit=edit))
        return False
    if isinstance(value, Hidden):
        return False
    if isinstance(value, (TreeMapping, Sequence)) or not _accepts(argument.accepts, value.value):
        wanted = " or ".join(argument.accepts) or "a plain value"
        message = f"`{name}` of `{signature.name}` must be {wanted}, found {describe(value)}"
        context.fault(Diagnostic("AS401", message, value.span, help=by_default(argument)))
        return False
    if argument.choices and value.value not in argument.choices:
        guess = nearest(str(value.value), argument.choices)
        words = ", ".join(f"`{choice}`" for choice in argument.choices)
        message = f"`{name}` of `{signature.name}` must be one of {words}, found {describe(value)}"
        mend = f"did you mean `{guess[0]}`?" if guess else by_default(argument)
        edit = respelled(value.span, str(value.value), guess[0], argument.choices) if guess else None
        context.fault(Diagnostic("AS401", message, value.span, help=mend, edit=edit))
        return False
    return True


_TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def _accepts(accepted: tuple[str, ...], value: object) -> bool:
    if not accepted:
        return True
    if isinstance(value, bool):
        return "bool" in accepted
    return any(isinstance(value, _TYPES.get(word, ())) for word in accepted) or (value is None and "null" in accepted)
