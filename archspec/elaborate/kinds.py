"""Before anything is expanded: every kind exists, and every argument is one that its kind has.

This looks at each entry of the file once, also at those that no instance reaches.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from archspec.elaborate.arguments import is_argument
from archspec.elaborate.context import Context
from archspec.elaborate.functions import read_functions
from archspec.elaborate.positional import takes_list
from archspec.elaborate.unknown_kinds import unknown_argument, unknown_kind
from archspec.elaborate.variables import missing_argument
from archspec.errors import Diagnostic, Edit, clip
from archspec.ops.registry import find, kinds
from archspec.source.tree import Mapping, Node, Scalar, describe
from archspec.source.tree import Sequence as List
from archspec.spec.document import Block, Branches, Entry, KindUse, Modifiers, Sequence
from archspec.spec.reader import bare_list


def check_kinds(context: Context, entry: Entry) -> bool:
    """Record what an entry and all inside it get wrong; whether nothing was wrong."""
    good = _check_modifiers(context, entry) and _check_inline(context, entry)
    if isinstance(entry.body, (Sequence, Branches)):
        for inner in entry.body.entries.items:
            good = check_kinds(context, inner) and good
        _check_overrides(context, entry)
        return good
    if not isinstance(entry.body, KindUse):
        return good
    block = context.blocks.get(str(entry.body.kind.value))
    if entry.body.misspelt is not None:
        unknown_kind(context, entry.body.misspelt)
        good = False
    if block is not None and block.broken:
        return good
    given = {str(key.value): key for key in _argument_keys(entry.body.arguments, entry.modifiers)}
    known = _argument_names(context, entry.body, given)
    if known is None:
        unknown_kind(context, entry.body.kind, entry.body.arguments if entry.name is None else None)
        return False
    if entry.body.arguments is not None and _bare_values(context, entry.body.kind, entry.body.arguments, known):
        return False
    for name, key in given.items():
        if name not in known:
            unknown_argument(context, entry.body.kind, key, known, given)
            good = False
    for inner in _functions(context, entry.body):
        good = check_kinds(context, inner) and good
    if good and block is not None:
        _check_required(context, block, entry.body, given)
    return good


def _functions(context: Context, use: KindUse) -> tuple[Entry, ...]:
    """The functions that compute a buffer; none where the entry is something else, and after a fault."""
    node = use.arguments.get("layers") if isinstance(use.arguments, Mapping) and use.kind.value == "Buffer" else None
    entries = None if node is None else read_functions(context, node)
    return () if entries is None else entries.items


def _bare_values(context: Context, kind: Scalar, node: Node, known: tuple[str, ...]) -> bool:
    """`{Conv2d: {1, 6, 5}}`: a call's positional arguments, to YAML keys without values."""
    if not isinstance(node, Mapping) or any(str(key.value) in known for key, _ in node):
        return False
    values = bare_list(node)
    if values is None:
        return False
    words = [word.strip() for word in values.split(",")]
    if any("=" in word for word in words):
        return False
    named = ", ".join(f"{name}: {word}" for name, word in zip(known, words, strict=False))
    meant = f"{{{named}}}" if len(words) > 1 else words[0]
    usable = len(words) <= len(known)
    help = f"write `{clip(meant)}`" if usable else "write `name: value` for each"
    edit = Edit(node.span, meant) if usable else None
    message = f"arguments of `{clip(str(kind.value))}` have names"
    context.fault(Diagnostic("AS202", message, node.span, help=help, edit=edit))
    return True


def _check_modifiers(context: Context, entry: Entry) -> bool:
    """No modifier stands where it says nothing."""
    idle = dict.fromkeys(("names", "first", "last", "per_stage", "per_repeat"), "it is for the copies of a `repeat`")
    if entry.modifiers.repeat is not None:
        idle = {}
    op, is_known = None, True
    if isinstance(entry.body, KindUse) and str(entry.body.kind.value) not in context.blocks:
        op = find(str(entry.body.kind.value))
        is_known = op is not None
    if op is not None and op.bare:
        idle |= dict.fromkeys(("from", "skip", "repeat"), f"a `{op.name}` takes no input")
    if is_known and (op is None or not op.is_module):
        idle["tie"] = "it is for a layer with parameters"
    is_known = op is not None or not isinstance(entry.body, KindUse) or str(entry.body.kind.value) in context.blocks
    if is_known and not isinstance(entry.body, Branches):
        idle["merge"] = "it is for `branches`"
    if is_known and not isinstance(entry.body, Branches) and (op is None or op.arg("align") is None):
        idle["align"] = "it is for functions that merge, such as `add` and `concat`"
    idle |= _beside_inline(entry)
    found = {word: key for word, key in entry.modifiers.keys.items() if word in idle}
    for word, key in found.items():
        help = "write `skip: {merge: …, align: …}`" if word == "align" and entry.modifiers.skip else f"remove `{word}`"
        context.fault(Diagnostic("AS105", f"`{word}` says nothing here: {idle[word]}", key.span, help=help))
    return not found


def _check_inline(context: Context, entry: Entry) -> bool:
    """`inline` is written `true`, and not on a branch, which is one whatever it holds."""
    node = entry.modifiers.inline
    if node is not None and not (isinstance(node, Scalar) and node.value is True):
        message = f"`inline` is either `true` or not there, found {describe(node)}"
        context.fault(Diagnostic("AS101", message, node.span, help="write `inline: true`"))
        return False
    branches = entry.body.entries.items if isinstance(entry.body, Branches) else ()
    found = [branch.modifiers.keys["inline"] for branch in branches if branch.modifiers.inline is not None]
    for key in found:
        message = "`inline` says nothing here: a branch is one entry"
        context.fault(Diagnostic("AS105", message, key.span, help="remove `inline`"))
    return not found


def _beside_inline(entry: Entry) -> dict[str, str]:
    """What says nothing where copies stand in the list around them."""
    if entry.modifiers.inline is None:
        return {}
    if entry.name is not None:
        return {"inline": "it is for an entry of a list"}
    if entry.modifiers.repeat is None or isinstance(entry.modifiers.repeat, Mapping):
        return {"inline": "it is for the copies of a `repeat: 3` or `repeat: [3, 4]`"}
    if isinstance(entry.body, Sequence) and not entry.body.entries.numbered:
        return {"inline": "entries of a list have no names, and these have"}
    idle = dict.fromkeys(("from", "names"), "what is `inline` has no container that could have any")
    if isinstance(entry.body, Sequence):
        idle |= dict.fromkeys(("when", "skip"), "an `inline` sequence is none")
    return idle


def _check_required(context: Context, block: Block, use: KindUse, given: Container[object]) -> None:
    """Each parameter without a default is given, by a bare value or by name."""
    bare = use.arguments is not None and not isinstance(use.arguments, Mapping)
    by_place = isinstance(use.arguments, List) and not (block.parameters and takes_list(block.parameters[0]))
    count = len(use.arguments) if by_place and isinstance(use.arguments, List) else int(bare)
    for parameter in block.parameters[count:]:
        if parameter.default is None and parameter.name.value not in given:
            missing_argument(context, str(block.name.value), use.kind, parameter)


def _check_overrides(context: Context, entry: Entry) -> None:
    for key in _argument_keys(None, entry.modifiers):
        message = f"`{clip(str(key.value))}` overrides nothing: a sequence has no arguments"
        help = "make it a block with parameters"
        context.fault(Diagnostic("AS202", message, key.span, help=help))


def _argument_names(context: Context, use: KindUse, given: Iterable[str]) -> tuple[str, ...] | None:
    kind = str(use.kind.value)
    block = context.blocks.get(kind)
    if block is not None:
        return tuple(str(parameter.name.value) for parameter in block.parameters)
    op = find(kind)
    if op is None:
        return None
    named = {*given}
    free = () if op.free is None else (name for name in named if is_argument(op, name, named))
    return tuple(dict.fromkeys((*(arg.name for arg in op.args), *free)))


def _argument_keys(arguments: Node | None, modifiers: Modifiers) -> Iterator[Scalar]:
    places = [arguments, modifiers.first, modifiers.last, modifiers.per_stage, modifiers.per_repeat]
    if isinstance(modifiers.repeat, Mapping):
        places += [overrides for _, overrides in modifiers.repeat]
    for node in places:
        if isinstance(node, Mapping):
            for key, _ in node:
                yield key


def check_blocks(context: Context, blocks: dict[str, Block]) -> None:
    """Every entry of every block, and that no block hides a kind of the catalogue."""
    taken = set(kinds())
    for name, block in blocks.items():
        if name in taken:
            message = f"the block `{name}` has the name of a layer or function"
            context.fault(Diagnostic("AS106", message, block.name.span, help="choose another name"))
        for entry in block.entries.items:
            check_kinds(context, entry)
