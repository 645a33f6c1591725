"""`layers`: entries in all the forms in which people write them."""

from __future__ import annotations

import re

from archspec.errors import Edit, Span, clip
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.spec import document
from archspec.spec.document import (
    BODIES,
    MODIFIERS,
    NO_MODIFIERS,
    PLACEMENT,
    Branches,
    Entries,
    Entry,
    Held,
    KindUse,
    Modifiers,
    NoKind,
    Use,
)
from archspec.spec.entry_habits import (
    arguments_beside,
    beside_kind,
    is_row,
    kind_and_arguments,
    kind_as_value,
    named_in_list,
    only_a_kind,
    several_kinds,
    without_container,
    without_layers,
    without_name,
)
from archspec.spec.names import layer_name_fault
from archspec.spec.reader import TRUST, Reader
from archspec.suggest import nearest, respelled

_FIELD_NAMES = {"from": "from_"}
_OTHER_MODIFIERS = {
    **dict.fromkeys(("if", "condition", "enabled", "only_if"), "when"),
    **dict.fromkeys(("in", "input", "inputs", "bottom", "source"), "from"),
    **dict.fromkeys(("count", "depth", "n", "num", "number", "times"), "repeat"),
    **dict.fromkeys(("residual", "shortcut"), "skip"),
    **dict.fromkeys(("share", "shared"), "tie"),
}
"""What other formats call the modifiers."""
_BARE_LIST = re.compile(r"[\w.$-]+(\s*,\s*[\w.$-]+)+")


def read_entries(reader: Reader, node: Node, whose: str) -> Entries:
    """The children of a sequence: a mapping of named ones or a list of numbered ones."""
    if isinstance(node, Sequence):
        node = named_in_list(reader, node) or node
    if isinstance(node, Mapping):
        node = without_container(reader, node)
        _check_similar_names(reader, node)
        items = [read_entry(reader, _checked_name(reader, key), value) for key, value in node]
        numbered = False
    elif isinstance(node, Sequence):
        items = [read_entry(reader, None, value) for value in node]
        numbered = True
    else:
        help = "write one entry per line, `name: {Kind: {argument: value}}`"
        reader.expected(node, "a mapping or a list of entries", whose, help)
        return Entries((), False, node.span)
    if not len(node):
        reader.fault("AS103", f"{whose} is empty: it needs at least one entry", node.span, help="add a layer")
    removed = node.removed if isinstance(node, Mapping) else ()
    return Entries(tuple(items), numbered, node.span, removed)


def _checked_name(reader: Reader, key: Scalar) -> Scalar:
    """The name, which references mean though no layer can have it; but `input` and `previous` never mean a layer."""
    name = str(key.value)
    fault = None if "$" in name else layer_name_fault(name)  # a template's expansions are checked when they are made
    if fault is None:
        return key
    what = f"a layer cannot be called `{clip(name)}`: {fault}" if name else "a layer's name cannot be empty"
    reader.fault("AS106", what, key.span, help="choose another name")
    return Scalar(f"{name}_", key.span) if name in ("input", "previous") else key


def _check_similar_names(reader: Reader, node: Mapping) -> None:
    seen: dict[str, Scalar] = {}
    for key, _ in node:
        other = seen.setdefault(str(key.value).lower(), key)
        if other is not key:
            reader.fault(
                "AS110",
                f"`{key.value}` and `{other.value}` ({other.span.line_seen_from(key.span)}) differ only in case, "
                "which some file systems cannot tell apart",
                key.span,
                help="give one of them another name",
                warning=True,
            )


def read_entry(reader: Reader, name: Scalar | None, node: Node) -> Entry:
    """One entry; a `NoKind` where it is so faulty that nothing can be said of it (a fault is recorded)."""
    whose = f"the entry `{name.value}`" if name is not None else "an entry"
    pair = kind_and_arguments(node)
    if pair is not None:
        return _read_pair(reader, name, node, *pair)
    if is_row(reader, node):
        return Entry(name, NoKind(), NO_MODIFIERS, node.span)
    if isinstance(node, Sequence):
        inner = read_entries(reader, node, whose)
        return Entry(name, document.Sequence(inner), NO_MODIFIERS, node.span)
    if isinstance(node, Scalar):
        return _read_word(reader, name, node, whose)
    return _read_mapping(reader, name, node, whose)


def _read_pair(reader: Reader, name: Scalar | None, node: Node, kind: Scalar, arguments: Mapping) -> Entry:
    mended = f"{{{kind.span.text}: {arguments.span.text}}}"
    one_line = arguments.span.text.startswith("{") and "\n" not in mended
    reader.fault(
        "AS105",
        f"a list holds entries, but what follows `{kind.value}` are its arguments",
        node.span,
        help=f"write `{mended if one_line and len(mended) < 80 else f'{{{kind.value}: {{…}}}}'}`",
        edit=Edit(node.span, mended) if one_line and node.span.text.startswith("[") else None,
    )
    return Entry(name, KindUse(kind, arguments), NO_MODIFIERS, node.span)


def _read_word(reader: Reader, name: Scalar | None, node: Scalar, whose: str) -> Entry:
    if not isinstance(node.value, str) or not node.value:
        help = "write a kind, such as `ReLU` or `{Linear: 10}`"
        reader.expected(node, "a kind, a list or a mapping", whose, help)
        return Entry(name, NoKind(), NO_MODIFIERS, node.span)
    body = Held(node) if node.value.startswith("$") else KindUse(node, None)
    return Entry(name, body, NO_MODIFIERS, node.span)


def _read_mapping(reader: Reader, name: Scalar | None, node: Mapping, whose: str) -> Entry:
    kinds: list[tuple[Scalar, Node]] = []
    fields: dict[str, Node] = {}
    keys: dict[str, Scalar] = {}
    for key, value in node:
        word = str(key.value)
        if word in MODIFIERS:
            fields[_FIELD_NAMES.get(word, word)] = value
            keys[word] = key
        elif word in PLACEMENT:
            message = f"`{word}` says nothing here: it places an entry among those of the spec that this one extends"
            reader.fault("AS105", message, key.span, help=f"remove `{word}`, and write the entry where it belongs")
        else:
            kinds.append((key, value))
    if not kinds:
        _no_kind(reader, node, whose)
        return Entry(name, NoKind(), Modifiers(**fields, keys=keys), node.span)
    modifiers = Modifiers(**fields, keys=keys)
    kinds = without_name(reader, kinds)
    habit = kind_as_value(reader, kinds)
    if habit is not None:
        key, value, rest = habit
        shown = _shown(rest)
        named = next((f"{clip(other.span.text)}: " for key, other in kinds if key.value in ("name", "id")), "")
        message = f"an entry's kind is its key, so `{key.value}: {clip(str(value.value))}` says nothing"
        meant = f"{{{value.value}: {shown}}}" if shown else str(value.value)
        reader.fault("AS105", message, key.span, help=f"write `{named}{meant}`")
        return Entry(name, KindUse(value, rest), modifiers, node.span)
    inside = without_layers(reader, node, kinds, whose) or several_kinds(reader, kinds, whose)
    if inside is not None:
        return Entry(name, document.Sequence(read_entries(reader, inside, whose)), modifiers, node.span)
    lone = only_a_kind(reader, kinds)
    if lone is not None:
        return Entry(name, KindUse(lone, None), modifiers, node.span)
    kinds = _with_arguments(reader, _without_brackets(reader, kinds), fields)
    kind, arguments = _the_kind(reader, kinds, whose)
    for key, value in kinds:  # a misspelt modifier is taken for what it is nearest to, so that it is the only fault
        guess = None if key is kind else _meant_modifier(str(key.value))
        if guess is not None:
            value = Scalar("add", value.span) if _is_yes(guess, value) else value
            fields.setdefault(_FIELD_NAMES.get(guess, guess), value)
            keys.setdefault(guess, key)
    modifiers = Modifiers(**fields, keys=keys)
    if kind.value in ("layers", "branches"):
        inner = read_entries(reader, arguments, f"`{kind.value}` of {whose}")
        body = document.Sequence(inner) if kind.value == "layers" else Branches(inner)
        return Entry(name, body, modifiers, node.span)
    if kind.value == "use":
        return Entry(name, Use(arguments), modifiers, node.span)
    absent = isinstance(arguments, Scalar) and arguments.value is None
    if str(kind.value).startswith("$"):
        if not absent:
            message = f"`{clip(str(kind.value))}` holds a layer with its arguments, and takes none here"
            reader.fault("AS204", message, arguments.span, help="write the arguments where the variable gets its value")
        return Entry(name, Held(kind), modifiers, node.span)
    return Entry(name, KindUse(kind, None if absent else arguments), modifiers, node.span)


def _with_arguments(
    reader: Reader, kinds: list[tuple[Scalar, Node]], fields: dict[str, Node]
) -> list[tuple[Scalar, Node]]:
    """Arguments that stand beside their kind brought inside; misspelt modifiers stay where they are."""
    if len(kinds) == 1:
        return kinds
    words = (*TRUST, *BODIES)
    others = [pair for pair in kinds if pair[0].value in words or _meant_modifier(str(pair[0].value)) is not None]
    own = [pair for pair in kinds if pair not in others]
    return [*arguments_beside(reader, beside_kind(reader, own), fields), *others] if own else kinds


def _shown(arguments: Node | None) -> str:
    """Arguments in braces."""
    if isinstance(arguments, Mapping):
        pairs = ", ".join(f"{key.value}: {clip(value.span.text, 30)}" for key, value in arguments)
        return f"{{{clip(pairs, 80)}}}"
    return "" if arguments is None else clip(arguments.span.text, 80)


def _meant_modifier(word: str) -> str | None:
    near = nearest(word, MODIFIERS)
    return near[0] if near else _OTHER_MODIFIERS.get(word)


def _without_brackets(reader: Reader, kinds: list[tuple[Scalar, Node]]) -> list[tuple[Scalar, Node]]:
    """`{add: a, b}`: to YAML a key `add` with the value `a`, and a key `b` without one."""
    (kind, first), last = kinds[0], kinds[-1][0]
    if len(kinds) < 2 or not isinstance(first, Scalar) or not isinstance(first.value, str) or not first.value:
        return kinds
    span = Span(kind.span.source, first.span.start, last.span.end)
    names = [first, *(key for key, value in kinds[1:] if isinstance(value, Scalar) and value.value is None)]
    if _meant_modifier(str(kind.value)) is not None:  # `{skp: add, ReLU: }`
        return kinds
    if len(names) < len(kinds) or not str(kind.value)[:1].islower() or _BARE_LIST.fullmatch(span.text) is None:
        return kinds
    help, edit = f"write `[{clip(span.text)}]`", Edit(span, f"[{span.text}]")
    reader.fault("AS105", f"several inputs of `{clip(str(kind.value))}` are a list", span, help=help, edit=edit)
    return [(kind, Sequence(tuple(names), span))]


def _the_kind(reader: Reader, kinds: list[tuple[Scalar, Node]], whose: str) -> tuple[Scalar, Node]:
    """The one kind key; every other key is recorded as a fault, as the modifier that it comes closest to."""
    if len(kinds) == 1:
        return kinds[0]
    likely = [pair for pair in kinds if _meant_modifier(str(pair[0].value)) is None]
    chosen = next((pair for pair in likely if str(pair[0].value)[:1].isupper()), (likely or kinds)[0])
    for key, value in kinds:
        if key is chosen[0]:
            continue
        word = str(key.value)
        if reader.trust(key):
            continue
        guess = _meant_modifier(word)
        if guess is not None and _is_yes(guess, value):
            whole = Span(key.span.source, key.span.start, value.span.end)
            help, edit = "write `skip: add` to add the input to the output", Edit(whole, "skip: add")
        elif guess is not None:
            help, edit = f"did you mean `{guess}`?", respelled(key.span, word, guess, MODIFIERS)
        else:
            help, edit = (
                f"put arguments inside `{chosen[0].value}: {{…}}`, and other layers in entries of their own",
                None,
            )
        message = f"{whose} already has the kind `{clip(str(chosen[0].value))}`, and `{clip(word)}` is no modifier"
        reader.fault("AS105", message, key.span, help=help, edit=edit)
    return chosen


def _is_yes(modifier: str, value: Node) -> bool:
    """`residual: true`."""
    return modifier == "skip" and isinstance(value, Scalar) and value.value is True


def _no_kind(reader: Reader, node: Mapping, whose: str) -> None:
    given = ", ".join(f"`{key.value}`" for key, _ in node)
    beside = f" beside {given}" if given else ""
    span = node.entries[0][0].span if len(node) else node.span
    reader.fault("AS105", f"{whose} has no kind{beside}", span, help="say what it is, e.g. `{Linear: 10}`")
