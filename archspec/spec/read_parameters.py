"""`vars` and the `params` of blocks: a type means required, a value is the default."""

from __future__ import annotations

from typing import cast

from archspec.errors import Edit, clip
from archspec.source.tree import Hidden, Mapping, Node, Scalar, Sequence
from archspec.spec.document import TYPE_NAMES, Parameter, TypeName
from archspec.spec.mentions import in_order_of_need
from archspec.spec.names import identifier_fault
from archspec.spec.reader import Reader, meant_key
from archspec.suggest import nearest, respelled

_FULL_FORM = ("type", "default", "min", "max", "choices")
_OTHER_WORDS = {"integer": "int", "number": "float", "double": "float", "string": "str", "boolean": "bool"}
_POSITION_NAMES = ("index", "count", "stage", "stages", "position", "total", "input", "previous", "N")


def read_parameters(reader: Reader, node: Node, whose: str) -> tuple[Parameter, ...]:
    """Each declared parameter. Faulty ones are among them, so that nobody is told that there is none of that name."""
    names = _listed_names(node)
    if names:
        shown = ", ".join(f"{name.value}: int" for name in names)
        help = f"write a type or a default for each, e.g. `{whose.strip('`')}: {{{clip(shown, 80)}}}`"
        reader.expected(node, "a mapping", whose, help)
        return tuple(Parameter(name, None, default=Hidden(None, name.span)) for name in names)
    mapping = reader.mapping(node, whose, help=f"write `{whose.strip('`')}: {{name: value}}`")
    if mapping is None:
        return ()
    return tuple(_read_one(reader, key, value) for key, value in mapping)


def by_need(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """The parameters, each after those that its default uses."""
    named = {str(parameter.name.value): parameter for parameter in parameters}
    order = in_order_of_need(named, {name: parameter.default for name, parameter in named.items()})
    return tuple(named[name] for name in order)


def _listed_names(node: Node) -> list[Scalar]:
    """`[channels, stride]`."""
    items = list(node) if isinstance(node, Sequence) else []
    names = [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
    return names if len(names) == len(items) and all(identifier_fault(str(n.value), "") is None for n in names) else []


def _read_one(reader: Reader, key: Scalar, value: Node) -> Parameter:
    name = str(key.value)
    fault = identifier_fault(name, "a variable")
    if fault is None and name in _POSITION_NAMES:
        fault = f"`{name}` has a meaning of its own in expressions"
    if fault is not None:
        reader.fault("AS106", fault, key.span, help="choose another name")
    if isinstance(value, Mapping) and _is_declaration(value):
        return _read_full(reader, key, value)
    if isinstance(value, Scalar) and not value.quoted and value.value in _OTHER_WORDS:
        value = _renamed_type(reader, key, value)
    required = _type_of_word(value)
    if required is not None:
        return Parameter(key, *required, default=None if fault is None else Hidden(None, value.span))
    return Parameter(key, *type_of_default(value), default=value)


def _renamed_type(reader: Reader, key: Scalar, value: Scalar) -> Scalar:
    """`integer`, which would be a text by default, is the type `int`."""
    meant = _OTHER_WORDS[str(value.value)]
    message = f"`{key.value}` has the type `{value.value}`, which the language calls `{meant}`"
    help = f'write `{meant}`, or `"{value.value}"` if the text is its default'
    reader.fault("AS101", message, value.span, help=help, edit=Edit(value.span, meant))
    return Scalar(meant, value.span)


def is_type(node: Node) -> bool:
    """Whether a declared value is a type, which says that a value must be given."""
    return _type_of_word(node) is not None


def _type_of_word(node: Node) -> tuple[TypeName, bool] | None:
    """`int` is (int, False), `[int]` is (int, True), a default value is None."""
    if isinstance(node, Sequence) and len(node) == 1:
        inner = _type_of_word(node.items[0])
        return None if inner is None or inner[1] else (inner[0], True)
    if isinstance(node, Scalar) and node.value in TYPE_NAMES:  # quoted too, as every string of JSON is
        return node.value, False
    return None


def type_of_default(node: Node) -> tuple[TypeName | None, bool]:
    """The type that a default value shows; None for `null` and for what an expression will give."""
    if isinstance(node, Mapping):
        return "layer", False
    if isinstance(node, Sequence):
        kinds = {type_of_default(item) for item in node}
        if kinds == {("int", False), ("float", False)}:
            return "float", True
        if kinds == {("str", False), ("layer", False)}:  # a layer with nothing to say is a word
            return "layer", True
        kind = kinds.pop() if len(kinds) == 1 else (None, False)
        return (kind[0], True) if not kind[1] else (None, False)
    value = node.value
    if isinstance(value, str):
        return (None if "$" in value else "str"), False
    for type_, name in ((bool, "bool"), (int, "int"), (float, "float")):
        if isinstance(value, type_):
            return cast(TypeName, name), False
    return None, False


def _is_declaration(node: Mapping) -> bool:
    """Whether it declares a type, and is no layer that the variable holds."""
    words = [str(key.value) for key, _ in node]
    known = all(word in _FULL_FORM or meant_key(word, _FULL_FORM) for word in words)
    return "type" in words or ("default" in words and known)


def _read_full(reader: Reader, key: Scalar, node: Mapping) -> Parameter:
    reader.keys(node, _FULL_FORM, f"the declaration of `{key.value}`")
    node = reader.corrected(node, _FULL_FORM)
    word = _declared_type(reader, key, node)
    if word is None:
        return Parameter(key, None, False, default=Hidden(None, node.span))
    return Parameter(
        key,
        *word,
        default=node.get("default"),
        min=node.get("min"),
        max=node.get("max"),
        choices=node.get("choices"),
    )


def _declared_type(reader: Reader, key: Scalar, node: Mapping) -> tuple[TypeName, bool] | None:
    """The type of the full form; None where it has none, which is recorded."""
    type_node = node.get("type")
    if type_node is None:
        default = node.get("default")
        shown = type_of_default(default)[0] if default is not None else None
        help = f"add `type: {shown or 'int'}`"
        reader.fault("AS103", f"the declaration of `{key.value}` has no `type`", node.span, help=help)
        return None
    word = _type_of_word(type_node)
    if word is None:
        written = str(type_node.value) if isinstance(type_node, Scalar) else ""
        near = [_OTHER_WORDS[written]] if written in _OTHER_WORDS else nearest(written, TYPE_NAMES)
        help = f"did you mean `{near[0]}`?" if near else "write e.g. `int`, or `[int]` for a list of them"
        edit = respelled(type_node.span, written, near[0], TYPE_NAMES) if near else None
        what = "one of " + ", ".join(f"`{name}`" for name in TYPE_NAMES) + ", or a list of one"
        reader.expected(type_node, what, f"`type` of `{key.value}`", help, edit)
    return word
