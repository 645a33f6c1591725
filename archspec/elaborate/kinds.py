"""Before anything is expanded: every kind exists, and every argument is one that its kind has.

This looks at each entry of the file once, also at those that no instance reaches.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from archspec.elaborate.arguments import is_argument
from archspec.elaborate.context import Context
from archspec.elaborate.functions import read_functions
from archspec.elaborate.positional import call_edit, takes_list
from archspec.elaborate.variables import missing_argument
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.ops.habits import KINDS, meant_argument
from archspec.ops.refused import REFUSED
from archspec.ops.registry import find, kinds
from archspec.source.tree import Mapping, Node, Scalar, describe
from archspec.source.tree import Sequence as List
from archspec.spec.document import BODIES, Block, Branches, Entry, KindUse, Modifiers, Sequence
from archspec.spec.reader import bare_list
from archspec.suggest import completed, is_slip, nearest, respelled


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
        unknown_kind(context, entry.body.kind)
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


_CALLED = re.compile(r"(\w+)(?:\s*\(.*\)|[\s,].*)", re.DOTALL)
_BEFORE_NAME = ("torch.nn.functional.", "torch.nn.", "torchvision.ops.", "torch.", "nn.", "F.")
_FEW = 3
_CLOSED = "kinds come from a closed list, and nothing that a spec names is imported"


def meant_kind(name: str, own: Iterable[str]) -> str | None:
    """The layer, function or block that a misspelt kind can only be a slip of; None where that is not certain."""
    bare = _bare(name)
    known = [*own, *kinds(), *BODIES]
    meant = None if bare in REFUSED or bare in KINDS else _meant_kind(bare, known, is_bare=bare == name)
    certain = meant is not None and meant not in BODIES and (meant == bare or is_slip(bare, meant, known))
    return meant if certain else None


def _bare(name: str) -> str:
    """`nn.ReLU()` as `ReLU`."""
    return next((name[len(prefix) :] for prefix in _BEFORE_NAME if name.startswith(prefix)), name).removesuffix("()")


def unknown_kind(context: Context, kind: Scalar, *, in_defaults: bool = False) -> str | None:
    """Record a kind that there is not; the one that was probably meant. In `defaults` it can be no block."""
    name = str(kind.value)
    bare = _bare(name)
    removed = context.removed_blocks.get(name)
    if removed is not None:
        message = f"the block `{name}` is not there any more: it is removed in {removed.line_seen_from(kind.span)}"
        help = "keep the block, or lay another entry over this one"
        context.fault(Diagnostic("AS201", message, kind.span, help=help))
        return None
    if bare in REFUSED:
        reason, help = REFUSED[bare]
        context.fault(Diagnostic("AS201", f"`{clip(name)}` is not in the language: {reason}", kind.span, help=help))
        return None
    what = "layer or function" if in_defaults else "layer, function or block"
    message = f"there is no {what} called `{clip(name)}`"
    known = list(kinds()) if in_defaults else [*context.blocks, *kinds(), *BODIES]
    meant = _meant_kind(bare, known, is_bare=bare == name)
    if meant is not None:
        help = f"it is called `{meant}` here" if bare in KINDS else f"did you mean `{meant}`?"
        renamed = _renamed(kind, bare, meant, known)
        context.fault(Diagnostic("AS201", message, kind.span, help=help, edit=renamed))
        return meant
    call = _CALLED.fullmatch(bare)
    op = None if call is None else find(call[1])
    edit = None if op is None or in_defaults else call_edit(kind, op)
    help = _help_for_kind(bare, kind, in_defaults) if edit is None else f"write `{clip(edit.text, 120)}`"
    context.fault(Diagnostic("AS201", message, kind.span, help=help, edit=edit), same=("AS201", name))
    return None


def _meant_kind(bare: str, known: list[str], *, is_bare: bool) -> str | None:
    if not is_bare and bare in known:
        return bare
    if bare in KINDS:
        return KINDS[bare]
    near = nearest(bare, known) if _CALLED.fullmatch(bare) is None else []
    if near:
        return near[0]
    return completed(bare, known) if bare[:1].isupper() else None


def _help_for_kind(bare: str, kind: Scalar, in_defaults: bool) -> str:
    call = _CALLED.fullmatch(bare)
    if call is not None and find(call[1]) is not None:
        return f"arguments are its value: `{{{call[1]}: …}}`, or `{{{call[1]}: {{name: value}}}}`"
    if "." in str(kind.value):
        return f"{_CLOSED}; write a torch.nn class by its bare name, such as `Conv2d`"
    if in_defaults:
        return "a kind is a torch.nn class such as `Conv2d`, or a function such as `add`"
    return "a kind is a torch.nn class such as `Conv2d`, a function such as `add`, or one of the `blocks`"


def _renamed(kind: Scalar, bare: str, meant: str, known: list[str]) -> Edit:
    """`nn.ReLU()` is `ReLU` for sure; a misspelt name where nothing else is as near."""
    edit = respelled(_inside_quotes(kind), bare, meant, known)
    return Edit(edit.span, meant, safe=True) if bare == meant else edit


def _inside_quotes(scalar: Scalar) -> Span:
    span = scalar.span
    return Span(span.source, span.start + 1, span.end - 1) if scalar.quoted else span


def unknown_argument(
    context: Context, kind: Scalar, key: Scalar, known: tuple[str, ...], given: Container[str] = ()
) -> None:
    """Record an argument that a kind has not. What is `given` beside it cannot be meant."""
    name = str(key.value)
    meant = meant_argument(name, known)
    edit = respelled(_inside_quotes(key), name, meant, known) if meant is not None else None
    word, assigned, value = name.partition("=")
    if assigned and word in known:
        help = f"write `{word}: {clip(value)}`"
        edit = None if key.quoted else Edit(key.span, f"{word}: {value}", safe=True)
    elif meant is not None and meant in given:
        left = [f"`{other}`" for other in known if other not in given]
        others = f", or write {' or '.join(left)}" if 0 < len(left) <= _FEW else ""
        help = f"`{meant}` is given already: remove this one{others}"
        edit = None
    elif meant is not None:
        help = f"did you mean `{meant}`?"
    elif known:
        help = "it has " + ", ".join(f"`{name}`" for name in known)
    else:
        help = "it takes no arguments"
    message = f"`{kind.value}` has no argument `{clip(name)}`"
    context.fault(Diagnostic("AS202", message, key.span, help=help, edit=edit))


def check_blocks(context: Context, blocks: dict[str, Block]) -> None:
    """Every entry of every block, and that no block hides a kind of the catalogue."""
    taken = set(kinds())
    for name, block in blocks.items():
        if name in taken:
            message = f"the block `{name}` has the name of a layer or function"
            context.fault(Diagnostic("AS106", message, block.name.span, help="choose another name"))
        for entry in block.entries.items:
            check_kinds(context, entry)
