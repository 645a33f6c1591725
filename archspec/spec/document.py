"""The document: what a spec says, each part read into its form, with the tree nodes that hold its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from archspec.errors import Span
from archspec.records import record
from archspec.source.tree import Mapping as TreeMapping
from archspec.source.tree import Node, Scalar

TypeName: TypeAlias = Literal["int", "float", "bool", "str", "layer"]
TYPE_NAMES: tuple[TypeName, ...] = ("int", "float", "bool", "str", "layer")


@record
class Parameter:
    """A variable of the file or a parameter of a block.

    Attributes:
        type: of the value, or of each element where `is_list`; None is any (a default of `null`).
        default: None where a value must be given.
        min: the least number accepted, as a tree node.
        max: the greatest number accepted.
        choices: the values accepted.
    """

    name: Scalar
    type: TypeName | None
    is_list: bool = False
    default: Node | None = None
    min: Node | None = None
    max: Node | None = None
    choices: Node | None = None


@record
class Input:
    """One of the forward's arguments: its shape without the batch, as written, and its element type."""

    name: str
    shape: Node
    dtype: Scalar | None
    span: Span


@record
class KindUse:
    """A layer, function or block by its kind, with its arguments as written (None: none).

    `misspelt` is the kind as it is written, where that can only be a slip of `kind`.
    """

    kind: Scalar
    arguments: Node | None
    misspelt: Scalar | None = None


@record
class Held:
    """An entry that a variable or block parameter holds: `$activation`."""

    reference: Scalar


@record
class Sequence:
    """`layers` in an entry, or a list of entries."""

    entries: Entries


@record
class Branches:
    """The same input into each of several entries, whose results are merged."""

    entries: Entries


@record
class Use:
    """A call of a module that an earlier entry has made."""

    reference: Node


@record
class NoKind:
    """An entry that does not say what it is, a fault recorded elsewhere: it is there, and nothing is known of it."""


@record
class Modifiers:
    """What stands beside the kind. Each is the value's node, None where absent."""

    from_: Node | None = None
    when: Node | None = None
    repeat: Node | None = None
    first: Node | None = None
    last: Node | None = None
    per_stage: Node | None = None
    per_repeat: Node | None = None
    skip: Node | None = None
    align: Node | None = None
    names: Node | None = None
    merge: Node | None = None
    tie: Node | None = None
    inline: Node | None = None
    keys: Mapping[str, Scalar] = field(default_factory=dict)


MODIFIERS = (
    "from",
    "when",
    "repeat",
    "names",
    "first",
    "last",
    "per_stage",
    "per_repeat",
    "skip",
    "align",
    "merge",
    "tie",
    "inline",
)
REUSE = ("extends", "import")
"""Keys of a spec that bring what other files say; what has been assembled has none of them."""

BODIES = ("layers", "branches", "use")
"""What an entry can be other than a kind."""

PLACEMENT = ("after", "before")
"""Where a new entry of an overlay goes."""

NO_MODIFIERS = Modifiers()


@record
class Entry:
    """One step of a sequence. `name` is None in a numbered list."""

    name: Scalar | None
    body: KindUse | Held | Sequence | Branches | Use | NoKind
    modifiers: Modifiers
    span: Span

    @property
    def place(self) -> Span:
        """Its kind, or else its name: the few characters that stand for the whole entry."""
        if isinstance(self.body, KindUse):
            return self.body.kind.span
        if isinstance(self.body, Held):
            return self.body.reference.span
        return self.span if self.name is None else self.name.span


@record
class Entries:
    """The children of a sequence, a block or the model; `numbered` ones are called 0, 1, …

    `removed` are the names that an overlay has taken out.
    """

    items: tuple[Entry, ...]
    numbered: bool
    span: Span
    removed: tuple[Scalar, ...] = ()


@record
class Block:
    """A kind that the file defines.

    Attributes:
        by_need: its parameters, each after those that its default uses.
        order: the entries that its module registers before the others.
        defaults: in the place of the file's, where it has them.
        broken: after a fault recorded elsewhere, no instance can be made.
    """

    name: Scalar
    parameters: tuple[Parameter, ...]
    by_need: tuple[Parameter, ...]
    inputs: tuple[Scalar, ...]
    entries: Entries
    outputs: Node | None
    order: tuple[Scalar, ...] = ()
    defaults: Node | None = None
    broken: bool = False


@record
class Document:
    """A whole spec.

    Attributes:
        is_library: it has blocks, and no model of its own.
        removed_blocks: where an overlay has taken a block out.
    """

    tree: TreeMapping
    name: str
    description: str
    inputs: tuple[Input, ...]
    variables: tuple[Parameter, ...]
    blocks: Mapping[str, Block]
    layers: Entries
    outputs: Node | None
    init: TreeMapping | None
    train: TreeMapping | None
    is_library: bool = False
    removed_blocks: Mapping[str, Span] = field(default_factory=dict)
    weights: Node | None = None
    freeze: Node | None = None
    defaults: Node | None = None
