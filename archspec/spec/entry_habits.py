"""Entries in the forms of other formats: recognised, so that each is one fault, told in the spec's own terms."""

from __future__ import annotations

from archspec.errors import Edit, Span, clip
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec.document import BODIES, MODIFIERS
from archspec.spec.names import layer_name_fault
from archspec.spec.reader import Reader, listed

_SAYS_KIND = ("type", "op", "kind", "layer", "module", "class", "class_name", "_target_")
_WRAPS = ("args", "params", "arguments", "parameters", "kwargs", "config", "options", "attrs", "attributes")
_CONTAINERS = ("Sequential", "Model", "Functional", "ModuleList")
_ROW = 3


def kind_and_arguments(node: Node) -> tuple[Scalar, Mapping] | None:
    """`[Conv2d, {out_channels: 8, kernel_size: 3}]`: two entries to the language, of which the second has two kinds."""
    if not isinstance(node, Sequence) or len(node) != 2:
        return None
    kind, arguments = node.items
    if not isinstance(kind, Scalar) or not str(kind.value)[:1].isupper() or not isinstance(arguments, Mapping):
        return None
    words = [str(key.value) for key, _ in arguments]
    own = any(word in (*MODIFIERS, *BODIES) or word[:1].isupper() or "$" in word for word in words)
    return None if own or len(words) < 2 else (kind, arguments)


def kind_as_value(reader: Reader, kinds: list[tuple[Scalar, Node]]) -> tuple[Scalar, Scalar, Node | None] | None:
    """`{type: Conv2d, out_channels: 8}`: the key that says what the value is, the kind, and the arguments."""
    if len(kinds) < 2 or any(str(key.value)[:1].isupper() for key, _ in kinds):
        return None
    for key, value in kinds:
        if str(key.value) in _SAYS_KIND and isinstance(value, Scalar) and isinstance(value.value, str):
            return key, value, _unwrapped(kinds, key, value)
    key, value = kinds[0]
    is_name = str(key.value) not in (*BODIES, *reader.blocks) and not any(is_entry(other) for _, other in kinds[1:])
    if is_name and isinstance(value, Scalar) and is_entry(value):  # `{conv: Conv2d, out_channels: 8}`
        return key, value, _unwrapped(kinds, key, value)
    return None


def _unwrapped(kinds: list[tuple[Scalar, Node]], says: Scalar, kind: Scalar) -> Node | None:
    """What stands beside the kind, or in `args`, `params`, … beside it."""
    rest = tuple(pair for pair in kinds if pair[0] is not says and pair[0].value not in ("name", "id"))
    if len(rest) == 1 and rest[0][0].value in _WRAPS and not (isinstance(rest[0][1], Scalar)):
        inner = rest[0][1]
        return inner.items[0] if isinstance(inner, Sequence) and len(inner) == 1 else inner
    return Mapping(rest, kind.span) if rest else None


def without_container(reader: Reader, node: Mapping) -> Mapping:
    """`{type: Sequential, layers: …}` without the first, which is a fault: entries are a sequence by themselves."""
    for key, value in node:
        if key.value in _SAYS_KIND and isinstance(value, Scalar) and str(value.value) in _CONTAINERS:
            message = f"`{key.value}: {value.value}` is no entry: entries run one after the other by themselves"
            reader.fault("AS105", message, key.span, help="remove it")
            return Mapping(tuple(pair for pair in node if pair[0] is not key), node.span, node.removed)
    return node


def without_name(reader: Reader, kinds: list[tuple[Scalar, Node]]) -> list[tuple[Scalar, Node]]:
    """`{name: conv1, Conv2d: …}` without the name, which is a fault."""
    for key, value in kinds:
        others = [pair for pair in kinds if pair[0] is not key]
        is_name = key.value == "name" and isinstance(value, Scalar) and isinstance(value.value, str)
        if is_name and others and all(str(other.value)[:1].isupper() for other, _ in others):
            name = clip(value.span.text)
            message = f"an entry's name is the key that it stands under, so `name: {name}` says nothing"
            help = f"write `{name}: {{{others[0][0].value}: …}}`; entries with names stand in a mapping, without dashes"
            reader.fault("AS105", message, key.span, help=help)
            return others
    return kinds


def only_a_kind(reader: Reader, kinds: list[tuple[Scalar, Node]]) -> Scalar | None:
    """`{type: Flatten}`, where no block is called `type`: the kind. A fault is recorded."""
    (key, value), word = kinds[0], str(kinds[0][0].value)
    if len(kinds) > 1 or word not in _SAYS_KIND or word in reader.blocks:
        return None
    if not isinstance(value, Scalar) or not str(value.value)[:1].isupper():
        return None
    edit = Edit(Span(key.span.source, key.span.start, value.span.end), str(value.value))
    message = f"an entry's kind is its key, so `{word}: {clip(str(value.value))}` says nothing"
    reader.fault("AS105", message, key.span, help=f"write `{clip(str(value.value))}`", edit=edit)
    return value


def is_row(reader: Reader, node: Node) -> bool:
    """`[-1, 3, Conv, [64, 3, 2]]`, a row of where from, how often, what and with which numbers. A fault is recorded."""
    if not isinstance(node, Sequence) or len(node) < _ROW:
        return False
    source, number, kind = node.items[:_ROW]
    sources = source.items if isinstance(source, Sequence) else (source,)
    if not isinstance(kind, Scalar) or not isinstance(kind.value, str) or not kind.value:
        return False
    if not all(_is_count(each) for each in (*sources, number)):
        return False
    name = kind.value.rpartition(".")[2]
    assert isinstance(number, Scalar)
    copies = f", repeat: {number.value}" if number.value != 1 else ""
    before = isinstance(source, Scalar) and source.value == -1
    origin = "" if before else f", from: {'[a, b]' if isinstance(source, Sequence) else 'name'}"
    help = f"write `name: {{{clip(name)}: {{argument: value}}{copies}{origin}}}`"
    message = "a row of numbers is no entry: arguments and the entries that one takes have names"
    reader.fault("AS105", message, node.span, help=help)
    return True


def _is_count(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool)


def named_in_list(reader: Reader, node: Sequence) -> Mapping | None:
    """`- conv1: {Conv2d: 8}`: the entries by name, where all of a list have one. A fault is recorded."""
    found = []
    for item in node:
        pair = _named(reader, item)
        if pair is None:
            return None
        found.append(pair)
    if not found or len({str(key.value) for key, _ in found}) < len(found):
        return None
    first = found[0][0]
    message = f"the entries of a list have no names, but this one is called `{clip(str(first.value))}`"
    help = f"write `{clip(str(first.value))}: …` without the dash before it, and so the others of the list"
    reader.fault("AS105", message, first.span, help=help)
    return Mapping(tuple(found), node.span)


def _named(reader: Reader, item: Node) -> tuple[Scalar, Node] | None:
    if not isinstance(item, Mapping) or len(item) != 1:
        return None
    ((key, value),) = item.entries
    word = str(key.value)
    if word[:1].isupper() or word in (*MODIFIERS, *BODIES, *_SAYS_KIND, *reader.blocks) or layer_name_fault(word):
        return None
    if isinstance(value, Scalar) and value.value in reader.capital_names:
        return None  # `{relu: Stem}` is a function of the entry `Stem`
    return (key, value) if is_entry(value) else None


def is_entry(node: Node) -> bool:
    """`ReLU`, `{Conv2d: …}` or `{layers: …}`, with modifiers or not."""
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and node.value[:1].isupper() and node.value.isalnum()
    if not isinstance(node, Mapping):
        return False
    kinds = [str(key.value) for key, _ in node if key.value not in MODIFIERS]
    return len(kinds) == 1 and (kinds[0][:1].isupper() or kinds[0] in BODIES)


def beside_kind(reader: Reader, kinds: list[tuple[Scalar, Node]]) -> list[tuple[Scalar, Node]]:
    """`{Conv2d: , out_channels: 8}`, whose arguments are not indented: one fault, and the kind with its arguments."""
    capital = [(key, value) for key, value in kinds if str(key.value)[:1].isupper()]
    if len(kinds) < 2 or len(capital) != 1 or kinds[0] != capital[0]:
        return kinds
    (kind, nothing), *rest = kinds
    if not isinstance(nothing, Scalar) or nothing.value is not None or nothing.span.start != nothing.span.end:
        return kinds
    names = listed([clip(str(key.value)) for key, _ in rest])
    shown = ", ".join(f"{key.value}: {clip(value.span.text, 30)}" for key, value in rest)
    message = f"{names} {'stands' if len(rest) == 1 else 'stand'} beside `{kind.value}`, and not inside"
    it = "it" if len(rest) == 1 else "them"
    help = f"indent {it} further than `{kind.value}`, or write `{{{kind.value}: {{{clip(shown, 80)}}}}}`"
    reader.fault("AS105", message, rest[0][0].span, help=help, edit=_moved_inside(kind, rest))
    return [(kind, Mapping(tuple(rest), rest[0][0].span))]


def _moved_inside(kind: Scalar, rest: list[tuple[Scalar, Node]]) -> Edit | None:
    """The kind with its arguments in braces, where nothing else stands between them."""
    whole = Span(kind.span.source, kind.span.start, rest[-1][1].span.end)
    parts = [f"{key.span.text}: {value.span.text}" for key, value in rest]
    if any("\n" in part for part in parts) or "#" in whole.text:
        return None
    bare = "".join(whole.text.split()).replace(",", "")
    if bare != f"{kind.span.text}:" + "".join("".join(part.split()) for part in parts).replace(",", ""):
        return None
    return Edit(whole, f"{kind.span.text}: {{{', '.join(parts)}}}")


def several_kinds(reader: Reader, kinds: list[tuple[Scalar, Node]], whose: str) -> Sequence | None:
    """`{Conv2d: {…}, BatchNorm2d: , ReLU: }`, one after the other in a mapping: as a list. A fault is recorded."""
    if len(kinds) < 2 or not all(str(key.value)[:1].isupper() for key, _ in kinds):
        return None
    items = tuple(Mapping((pair,), pair[0].span) for pair in kinds)
    shown = ", ".join(_shown(key, value) for key, value in kinds)
    message = f"{whose} has several kinds, {listed([clip(str(key.value)) for key, _ in kinds])}: an entry has one"
    reader.fault("AS105", message, kinds[1][0].span, help=f"write a list of entries, `[{clip(shown, 100)}]`")
    return Sequence(items, kinds[0][0].span)


def _shown(key: Scalar, value: Node) -> str:
    absent = isinstance(value, Scalar) and value.value is None
    return key.span.text if absent else f"{key.span.text}: {clip(value.span.text, 40) if _is_short(value) else '{…}'}"


def _is_short(node: Node) -> bool:
    return "\n" not in node.span.text and not (isinstance(node, Mapping) and not node.span.text.startswith("{"))


def without_layers(reader: Reader, node: Mapping, kinds: list[tuple[Scalar, Node]], whose: str) -> Mapping | None:
    """`encoder: {conv1: {Conv2d: …}, relu1: ReLU}`, without `layers` above the names. A fault is recorded."""
    words = [str(key.value) for key, _ in kinds]
    if any(word[:1].isupper() or "$" in word or word in (*BODIES, *reader.blocks) for word in words):
        return None
    entries = [is_entry(value) for _, value in kinds]
    if not all(entries) or not (len(kinds) > 1 or isinstance(kinds[0][1], Mapping)):
        return None
    message = f"{whose} has entries inside, {listed([clip(word) for word in words[:3]])}, and no `layers` above them"
    text = node.span.text
    flow = text.startswith("{") and len(kinds) == len(node)
    help = f"write `{clip(words[0])}` and what belongs to it under `layers:`"
    edit = Edit(node.span, f"{{layers: {text}}}") if flow else None
    reader.fault("AS105", message, kinds[0][0].span, help=help, edit=edit)
    return Mapping(tuple(kinds), node.span)


def arguments_beside(
    reader: Reader, kinds: list[tuple[Scalar, Node]], fields: dict[str, Node]
) -> list[tuple[Scalar, Node]]:
    """`{concat: [a, b], dim: 1}`: the function with its argument inside and its inputs in `from`, and a fault."""
    (kind, inputs), *rest = kinds
    listed_inputs = isinstance(inputs, Sequence) or (isinstance(inputs, Scalar) and isinstance(inputs.value, str))
    plain = all(isinstance(value, Scalar) and value.span.start != value.span.end for _, value in rest)
    words = [str(key.value) for key, _ in kinds]
    if not rest or not listed_inputs or not plain or "from_" in fields or any(w[:1].isupper() for w in words):
        return kinds
    if words[0] in (*BODIES, *reader.blocks) or words[0].startswith("$"):
        return kinds
    inside = ", ".join(f"{key.span.text}: {value.span.text}" for key, value in rest)
    meant = f"{kind.span.text}: {{{inside}}}, from: {inputs.span.text}"
    whole = Span(kind.span.source, kind.span.start, rest[-1][1].span.end)
    edit = Edit(whole, meant) if "\n" not in whole.text and "#" not in whole.text else None
    message = f"{listed([clip(word) for word in words[1:]])} beside the inputs of `{clip(words[0])}` says nothing"
    reader.fault("AS105", message, rest[0][0].span, help=f"write `{{{clip(meant, 100)}}}`", edit=edit)
    fields["from_"] = inputs
    return [(kind, Mapping(tuple(rest), whole))]
