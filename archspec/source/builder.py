"""Assembles the located tree from a stream of starts, scalars and ends, and holds the limits while it does."""

from __future__ import annotations

from archspec.errors import Diagnostic, Edit, SourceText, Span, SpecError, clip, in_file_order
from archspec.source.characters import character_fault
from archspec.source.limits import (
    A_KEY,
    A_TEXT,
    MAX_DEPTH,
    MAX_FAULTS,
    MAX_KEY,
    MAX_NODES,
    MAX_SCALAR,
    NESTED,
    REPEATED,
)
from archspec.source.scalars import ScalarFault
from archspec.source.tree import Mapping, Node, Scalar, Sequence
from archspec.source.yaml_habits import bare_braces


class _Open:
    """A list or mapping whose end has not been read yet.

    Attributes:
        key: the key that waits for its value.
        merges: keys `<<` among the entries, by their place.
        counted: how many nodes had been read before it.
        height: levels below it.
    """

    __slots__ = ("counted", "entries", "height", "is_mapping", "items", "key", "merges", "names", "start")

    def __init__(self, is_mapping: bool, start: int, counted: int) -> None:
        self.is_mapping = is_mapping
        self.start = start
        self.counted = counted
        self.height = 1
        self.items: list[Node] = []
        self.entries: list[tuple[Scalar, Node]] = []
        self.names: dict[str, Scalar] = {}
        self.key: Scalar | None = None
        self.merges: list[int] = []


class TreeBuilder:
    """One text's tree in the making.

    Attributes:
        faults: what is wrong but does not keep the rest from being read.
        root: the whole, once its end has been read.
        count: nodes so far.
    """

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.faults: list[Diagnostic] = []
        self.root: Node | None = None
        self.count = 0
        self._open: list[_Open] = []

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def in_mapping(self) -> bool:
        return bool(self._open) and self._open[-1].is_mapping

    @property
    def wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_mapping and self._open[-1].key is None

    @property
    def waiting_key(self) -> Scalar | None:
        """The key whose value comes next."""
        return self._open[-1].key if self._open else None

    @property
    def openers(self) -> list[int]:
        """Where the unfinished lists and mappings start, the innermost last."""
        return [open_.start for open_ in self._open]

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def open(self, is_mapping: bool, start: int) -> None:
        """A list or mapping begins."""
        if len(self._open) >= MAX_DEPTH:
            raise self.too_deep(self.span(start, start + 1))
        self._take(1, start)
        self._open.append(_Open(is_mapping, start, self.count))

    def key(self, key: Scalar, *, merge: bool = False) -> None:
        """A key of the innermost mapping, whose value comes next."""
        name, top = str(key.value), self._open[-1]
        if len(name) > MAX_KEY:
            message = f"a key of {len(name):,} characters; at most {MAX_KEY:,}"
            raise SpecError([Diagnostic("AS013", message, key.span, help=A_KEY)])
        fault = None if name.isascii() and name.isprintable() else character_fault(name, key.span, is_key=True)
        first = top.names.get(name)
        if fault is not None:
            self.fault(fault)
        elif first is not None:
            self._twice(key, first)
        else:
            top.names[name] = key
            if merge:
                top.merges.append(len(top.entries))
        top.key = key

    def _twice(self, key: Scalar, first: Scalar) -> None:
        braces = bare_braces(self.source, self._open[-1].start)
        if braces is None:
            self.fault(_duplicate(key, first))
        elif not any(fault.span == braces.span for fault in self.faults):
            self.fault(braces)

    def scalar(self, scalar: Scalar) -> None:
        """A leaf."""
        value = scalar.value
        if isinstance(value, str):
            if len(value) > MAX_SCALAR:
                raise _long_value(value, scalar.span)
            if not (value.isascii() and value.isprintable()):
                fault = character_fault(value, scalar.span, is_key=False)
                if fault is not None:
                    self.fault(fault)
        self.add(scalar, 1, 0, scalar.span.start)

    def add(self, node: Node, size: int, height: int, start: int) -> None:
        """A whole value of `size` nodes and `height` levels: a leaf, or what an alias repeats."""
        if len(self._open) + height > MAX_DEPTH:
            raise self.too_deep(self.span(start, start + 1))
        self._take(size, start)
        self._place(node, height)

    def close(self, end: int | None = None) -> tuple[Node, int, int]:
        """The innermost list or mapping ends at `end`, or (None) where its last value does.

        Returns:
            The node, how many nodes it holds, and how many levels.
        """
        top = self._open.pop()
        if end is None:
            end = _last_end(top)
        span = self.span(top.start, end)
        node: Node
        if top.is_mapping:
            node = Mapping(tuple(_merged(top) if top.merges else top.entries), span)
        else:
            node = Sequence(tuple(top.items), span)
        self._place(node, top.height)
        return node, self.count - top.counted + 1, top.height

    def fault(self, fault: Diagnostic) -> None:
        """Keeps a fault that does not stop the reading."""
        self.faults.append(fault)
        if len(self.faults) >= MAX_FAULTS:
            raise SpecError(in_file_order(self.faults))

    def scalar_fault(self, fault: ScalarFault, span: Span) -> None:
        """Keeps a fault of a scalar's text."""
        edit = None if fault.replacement is None else Edit(span, fault.replacement)
        self.fault(Diagnostic(fault.code, fault.message, span, help=fault.help, edit=edit))

    def finish(self) -> Node:
        """The whole tree.

        Raises:
            SpecError: faults have been kept.
        """
        if self.faults:
            raise SpecError(in_file_order(self.faults))
        assert self.root is not None
        return self.root

    def too_deep(self, span: Span) -> SpecError:
        return SpecError([Diagnostic("AS011", f"nested more than {MAX_DEPTH} levels deep", span, help=NESTED)])

    def _take(self, size: int, start: int) -> None:
        self.count += size
        if self.count > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, counting what aliases repeat"
            raise SpecError([Diagnostic("AS012", message, self.span(start, start + 1), help=REPEATED)])

    def _place(self, node: Node, height: int) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.height = max(top.height, height + 1)
        if not top.is_mapping:
            top.items.append(node)
            return
        key, top.key = top.key, None
        assert key is not None
        if top.names.get(str(key.value)) is not key:
            return
        if top.merges and top.merges[-1] == len(top.entries) and key.value == "<<" and not _can_merge(node):
            self.fault(
                Diagnostic(
                    "AS033",
                    "`<<` merges a mapping, or a list of mappings",
                    node.span,
                    help='write `<<: *name`; quote the key, `"<<"`, if it is not meant as a merge',
                )
            )
            top.merges.pop()
        top.entries.append((key, node))


def _long_value(value: str, span: Span) -> SpecError:
    message = f"a value of {len(value):,} characters; at most {MAX_SCALAR:,}"
    help = A_TEXT
    if value.startswith("$("):
        message += ", and an expression is not longer than 256 tokens"
        help = "compute parts of it as variables of their own, in `vars`"
    return SpecError([Diagnostic("AS013", message, span, help=help)])


def _last_end(top: _Open) -> int:
    """Where the last value ends; a value that is not written ends with its key."""
    last = top.start
    if top.items:
        last = top.items[-1].span.end
    elif top.entries:
        key, value = top.entries[-1]
        last = max(key.span.end, value.span.end)
    return max(last, top.start)


def _can_merge(node: Node) -> bool:
    return isinstance(node, Mapping) or (
        isinstance(node, Sequence) and all(isinstance(item, Mapping) for item in node.items)
    )


def _merged(top: _Open) -> list[tuple[Scalar, Node]]:
    """The entries with each `<<` replaced by what it brings; written keys win, then the earlier of several."""
    seen = {str(key.value) for index, (key, _) in enumerate(top.entries) if index not in top.merges}
    result: list[tuple[Scalar, Node]] = []
    for index, (key, value) in enumerate(top.entries):
        if index not in top.merges:
            result.append((key, value))
            continue
        for mapping in value.items if isinstance(value, Sequence) else [value]:
            assert isinstance(mapping, Mapping)
            for inner, node in mapping:
                if inner.value not in seen:
                    seen.add(str(inner.value))
                    result.append((inner, node))
    return result


def _duplicate(key: Scalar, first: Scalar) -> Diagnostic:
    return Diagnostic(
        "AS030",
        f"`{clip(str(key.value))}` is written twice in this mapping",
        key.span,
        label="again here",
        notes=(f"first written at line {first.span.line}, column {first.span.column}",),
        help="keep one of the two",
    )
