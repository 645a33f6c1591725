"""Kinds and arguments that there are not: what was meant, and what to write."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from archspec.elaborate.context import Context
from archspec.elaborate.positional import call_edit
from archspec.errors import Diagnostic, Edit, Span, clip
from archspec.ops.habits import advice, kind_elsewhere, meant_argument, said_elsewhere
from archspec.ops.refused import REFUSED
from archspec.ops.registry import find, kinds
from archspec.source.tree import Mapping, Node, Scalar
from archspec.spec.document import BODIES
from archspec.suggest import completed, is_slip, nearest, respelled

_CALLED = re.compile(r"(\w+)(?:\s*\(.*\)|[\s,]+[^\s,].*)", re.DOTALL)
_BEFORE_NAME = ("torch.nn.functional.", "torch.nn.", "torchvision.ops.", "torch.", "nn.", "F.")
_CURLY = "“”‘’„«»"
"""Quotation marks of text programs, which are none to YAML."""
_INPUTS = ("input", "inputs", "from", "tensors", "x", "xs")
_FEW = 3
_USUAL = ("Linear", "Conv2d", "LSTM", "Embedding")
_CLOSED = "kinds come from a closed list, and nothing that a spec names is imported"


def meant_kind(name: str, own: Iterable[str]) -> str | None:
    """The layer, function or block that a misspelt kind can only be a slip of; None where that is not certain."""
    bare = _bare(name)
    known = [*own, *kinds(), *BODIES]
    meant = None if bare in REFUSED or kind_elsewhere(bare) else _meant_kind(bare, known, is_bare=bare == name)
    certain = meant is not None and meant not in BODIES and (meant == bare or is_slip(bare, meant, known))
    return meant if certain else None


def takes_all(meant: str, written: str, value: Node | None) -> bool:
    """Whether a guessed layer or function has the arguments that are given, perhaps misspelt: `{qELU: {inplace: true}}`
    is no GELU. What differs in case only is no guess."""
    op = find(meant)
    if op is None or not isinstance(value, Mapping) or meant.lower() == _bare(written).lower():
        return True
    names = (str(key.value) for key, _ in value)
    return all(op.argument(name) is not None or meant_argument(name, op.by_name) is not None for name in names)


def _bare(name: str) -> str:
    """`nn.ReLU()` and `“ReLU”` as `ReLU`."""
    name = name.strip(_CURLY)
    return next((name[len(prefix) :] for prefix in _BEFORE_NAME if name.startswith(prefix)), name).removesuffix("()")


def unknown_kind(context: Context, kind: Scalar, value: Node | None = None, *, in_defaults: bool = False) -> str | None:
    """Record a kind that there is not; the one that was probably meant. In `defaults` it can be no block.

    `value` is what it is given.
    """
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
        help = f"it is called `{meant}` here" if kind_elsewhere(bare) else f"did you mean `{meant}`?"
        renamed = _renamed(kind, bare, meant, known)
        context.fault(Diagnostic("AS201", message, kind.span, help=help, edit=renamed))
        return meant
    if isinstance(value, Scalar) and str(value.value)[:1].isupper() and find(str(value.value)) is not None:
        help = f"write `{value.value}` alone: entries of a list have no names"
        context.fault(Diagnostic("AS201", message, kind.span, help=help))
        return None
    call = _CALLED.fullmatch(bare)
    op = None if call is None else find(call[1])
    edit = None if op is None or in_defaults else call_edit(kind, op)
    help = _help_for_kind(bare, kind, in_defaults) if edit is None else f"write `{clip(edit.text, 120)}`"
    context.fault(Diagnostic("AS201", message, kind.span, help=help, edit=edit), same=("AS201", name))
    return None


def _meant_kind(bare: str, known: list[str], *, is_bare: bool) -> str | None:
    if not is_bare and bare in known:
        return bare
    elsewhere = kind_elsewhere(bare)
    if elsewhere is not None:
        return elsewhere
    if advice(bare) is not None:
        return None
    near = nearest(bare, known) if _CALLED.fullmatch(bare) is None else []
    if near:
        return near[0]
    return completed(bare, known) if bare[:1].isupper() else None


def _help_for_kind(bare: str, kind: Scalar, in_defaults: bool) -> str:
    word = advice(bare)
    if word is not None:
        return word
    call = _CALLED.fullmatch(bare)
    if call is not None and " //" in bare:
        return f"a comment begins with `#`: write `{call[1]}  # …`"
    if call is not None and find(call[1]) is not None:
        return f"arguments are its value: `{{{call[1]}: …}}`, or `{{{call[1]}: {{name: value}}}}`"
    if "." in str(kind.value):
        return f"{_CLOSED}; write a torch.nn class by its bare name, such as `Conv2d`"
    takes = next((each for each in (*_USUAL, *kinds()) if bare in getattr(find(each), "by_name", ())), None)
    if takes is not None and not in_defaults and takes[:1].isupper():
        return f"it is an argument: write it inside its layer, e.g. `{{{takes}: {{{bare}: …}}}}`"
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
    elif name in _INPUTS and (op := find(str(kind.value))) is not None and not op.is_module:
        help = f"its inputs stand beside it: `{{{kind.value}: {{…}}, from: [a, b]}}`"
    elif said_elsewhere(name) is not None:
        help = str(said_elsewhere(name))
    elif known:
        help = "it has " + ", ".join(f"`{name}`" for name in known)
    else:
        help = "it takes no arguments"
    message = f"`{kind.value}` has no argument `{clip(name)}`"
    context.fault(Diagnostic("AS202", message, key.span, help=help, edit=edit))
