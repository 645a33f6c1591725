"""What one elaboration carries along: collected faults, fresh ids, where it is, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.elaborate.blind import AllAlike
from archspec.elaborate.environment import Environment
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.history import History, Made
from archspec.elaborate.limits import (
    DEEPEST,
    LARGEST_GRAPH,
    MOST_FAULTS,
    MOST_STEPS,
    SIZES_IN_A_STEP,
    STEPS_OF_A_FAULT,
    too_deep,
)
from archspec.elaborate.places import Frame, OpenFrame, Repeats, Where, holds_anyway
from archspec.elaborate.placing import Place, PlaceOne
from archspec.elaborate.written import Written
from archspec.errors import Diagnostic, Span, SpecError
from archspec.graph.fragment import Lost
from archspec.graph.nodes import Ref
from archspec.spec.document import Block
from archspec.tensors import TensorType

if TYPE_CHECKING:
    from archspec.elaborate.arguments import Written as Arguments
    from archspec.elaborate.defaults import Defaults, Kinds
    from archspec.elaborate.initialization import Policies
    from archspec.elaborate.instances import Instance
    from archspec.ops.apply import Applied
    from archspec.ops.entry import State
    from archspec.source.tree import Node, Scalar


class Mark(NamedTuple):
    """Where an elaboration stands: what it has found, hidden, made and spent."""

    faults: int
    hidden: int
    last_id: int
    steps: int


@dataclass(slots=True)
class Context:
    """One elaboration.

    Attributes:
        blocks: the file's own kinds.
        removed_blocks: kinds that an overlay has taken out, and where it says so.
        defaults: the file's; None without any.
        block_defaults: those of each block that has its own.
        refused_defaults: the blocks for which `defaults` has something.
        inplace_by_default: the calls that work in place because `defaults` says so.
        joined: what changes in calls since the module around them is called again.
        globals: the file's variables, which every block sees.
        policies: the `init` section.
        place: elaborates an entry; held here because scopes hold entries and entries hold scopes.
        place_one: elaborates one copy of an entry.
        open_blocks: the blocks that are being instantiated, outermost first.
        outside: the scope around each of them, which they cannot see.
        lost: the first entry that became no node.
        hidden: how many entries have a value that a fault hides.
        written: what all expressions have made.
        nameless: expressions with a name that there was not, each with the name and what was said of it.
        meant: what the names of arguments mean, by the kind and all names that stand together.
        matched: how many rules of `init` have been tried.
        used_blocks: those that have been instantiated.
        applied: what calls came to, by all that it depends on: copies are mostly alike, and share it.
        history: what made each value.
        written_arguments: those under a kind, by the node that they are read from, which has to stay for that.
        instances: those of blocks, for others that are alike.
        own_state: the parameters of each call as its layer begins them, where `init` goes by names.
        frames: the block instances and copies that are being elaborated, outermost first.
        reached: where each entry and held layer stands that some instance has.
        left_out: how each entry is checked that a false `when` leaves out, by where it stands.
        blind: no value is known, and only what is wrong whatever the values are is recorded.
        names_known: and yet all names that a reference can mean are.
    """

    blocks: Mapping[str, Block]
    globals: Mapping[str, Any]
    policies: Policies
    place: Place
    place_one: PlaceOne
    removed_blocks: Mapping[str, Span] = field(default_factory=dict)
    defaults: Defaults | None = None
    block_defaults: dict[str, Kinds | None] = field(default_factory=dict)
    refused_defaults: set[str] = field(default_factory=set)
    inplace_by_default: set[int] = field(default_factory=set)
    joined: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    history: History = field(default_factory=History)
    written_arguments: dict[tuple[int, str], tuple[Arguments, Node | None]] = field(default_factory=dict)
    instances: dict[tuple[object, ...], Instance] = field(default_factory=dict)
    own_state: dict[int, Mapping[str, State]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    open_blocks: list[str] = field(default_factory=list)
    outside: list[Environment] = field(default_factory=list)
    lost: Lost | None = None
    hidden: int = 0
    reached: set[Where] = field(default_factory=set)
    left_out: dict[Where, Callable[[], None]] = field(default_factory=dict)
    blind: bool = False
    names_known: bool = False
    used_blocks: set[str] = field(default_factory=set)
    applied: dict[tuple[object, ...], Applied] = field(default_factory=dict)
    nameless: dict[int, tuple[Scalar, str, Diagnostic]] = field(default_factory=dict)
    meant: dict[tuple[str, ...], dict[str, tuple[bool, str | None]]] = field(default_factory=dict)
    _faults: dict[tuple[object, ...], Diagnostic] = field(default_factory=dict)
    _repeats: dict[tuple[object, ...], Repeats] = field(default_factory=dict)
    matched: int = 0
    written: Written = field(default_factory=Written)
    _found: int = 0
    _last_id: int = 0
    _steps: int = 0
    _fault_steps: int = 0

    def spend(self, steps: int, span: Span) -> None:
        """Count work that makes no layer: an entry whose `when` is false, a fault told before, a long list of inputs.

        Raises:
            SpecError: the spec asks for too much of it.
        """
        self._steps += steps
        if self._steps > MOST_STEPS:
            if self._steps - self._fault_steps <= MOST_STEPS:
                raise SpecError(())  # faults that have been told are what took so much
            message = f"the spec takes more than {MOST_STEPS:,} steps to expand, copies that are left out counted too"
            raise SpecError([Diagnostic("AS701", message, span, help="use smaller repeats")])

    def mark(self) -> Mark:
        """Where it stands."""
        return Mark(self._found, self.hidden, self._last_id, self._steps)

    def has_room(self, ids: int, steps: int) -> bool:
        """Whether so much more stays below the limits."""
        return self._last_id + ids <= LARGEST_GRAPH and self._steps + steps <= MOST_STEPS

    def skip(self, ids: int, steps: int) -> None:
        """Count what has been copied as if it had been inferred."""
        self._last_id += ids
        self._steps += steps

    def new_id(self, span: Span) -> int:
        """A fresh id, larger than all before.

        Raises:
            SpecError: the spec expands to more nodes than are accepted.
        """
        self._last_id += 1
        if self._last_id > LARGEST_GRAPH:
            message = f"the spec expands to more than {LARGEST_GRAPH:,} layers and values here"
            raise SpecError([Diagnostic("AS701", message, span, help="use smaller repeats")])
        return self._last_id

    @property
    def last_id(self) -> int:
        """The id of the last value that there is."""
        return self._last_id

    def fault(
        self,
        diagnostic: Diagnostic,
        *,
        same: tuple[object, ...] | None = None,
        counted: bool = True,
        sure: bool = False,
    ) -> None:
        """Record a fault once, however many copies show it.

        Args:
            diagnostic: the fault, as its first instance shows it.
            same: what makes another fault the same one; its code and place unless given.
            counted: whether to say in how many more places it shows.
            sure: it is wrong whatever the values are, if all names are known.

        Raises:
            SpecError: (an empty one) there are now as many as are told of one spec, or it shows in too many copies.
        """
        if self.blind and not (holds_anyway(diagnostic.code) or (sure and self.names_known)):
            return
        span = diagnostic.span
        place = (None, 0) if span is None else (id(span.source), span.start)
        key = same or (diagnostic.code, *place)
        if key in self._faults:
            self._again(key, span, counted=counted and not (self.blind and self._has_shown(key, span)))
            return
        self._found += 1
        self._faults[key] = replace(diagnostic, notes=(*diagnostic.notes, *self._whereabouts(span)))
        if len(self._faults) == MOST_FAULTS:
            raise SpecError(())

    def told_before(self, same: tuple[object, ...], span: Span) -> bool:
        """Whether the fault `same` has been recorded; `span` is then one more place that shows it.

        To be asked where it costs much to find out what to say.
        """
        if self.blind or same not in self._faults:
            return False
        self._again(same, span, counted=True)
        return True

    def _has_shown(self, key: tuple[object, ...], span: Span | None) -> bool:
        """Whether a fault has been found at a place with values, which is looked at without them too."""
        first = self._faults[key].span
        repeats = self._repeats.get(key)
        return span is None or first is None or span == first or (repeats is not None and span in repeats.spans)

    def _again(self, key: tuple[object, ...], span: Span | None, *, counted: bool) -> None:
        if counted:
            self._found += 1
            self._repeats.setdefault(key, Repeats()).add(self._faults[key].span, span)
        self._steps += STEPS_OF_A_FAULT
        self._fault_steps += STEPS_OF_A_FAULT
        if self._steps > MOST_STEPS:
            raise SpecError(())

    def count_faults(self) -> int:
        """How many faults and further instances of them have been recorded."""
        return self._found

    def faults(self) -> list[Diagnostic]:
        """Every fault, with the number of further places where it shows."""
        return [
            replace(fault, notes=(*fault.notes, str(self._repeats[key]))) if key in self._repeats else fault
            for key, fault in self._faults.items()
        ]

    @property
    def is_further_call(self) -> bool:
        """Whether what is elaborated is the inside of a module that has been made before."""
        return any(frame.further for frame in self.frames)

    @property
    def failed(self) -> bool:
        """Whether any fault (not only warnings) has been found."""
        return any(fault.severity == "error" for fault in self._faults.values())

    def _whereabouts(self, at: Span | None) -> Iterator[str]:
        """The frames, innermost first; a copy that is a block's instance is told once, as the instance."""
        inner: Frame | None = None
        for frame in reversed(self.frames):
            if inner is None or inner.path != frame.path:
                copy = next(
                    (other.copy for other in self.frames if other.path == frame.path and other.copy is not None), None
                )
                yield frame._replace(copy=copy).said(at)
            inner = frame

    def lose(self, name: str, path: str, kind: str, line: int) -> None:
        """Remember an entry that became no node, if it is the first one."""
        if self.lost is None:
            codes = [fault.code for fault in self._faults.values() if fault.severity == "error"]
            self.lost = Lost(name, path, kind, line, self._last_id, codes[-1] if codes else None)

    def inside(self, frame: Frame, span: Span) -> OpenFrame:
        """Faults found here say so in a note.

        Raises:
            SpecError: scopes are nested too deeply.
        """
        if len(self.frames) >= DEEPEST:
            raise too_deep(span)
        return OpenFrame(self.frames, frame)

    @contextmanager
    def blindly(self, *, names_known: bool = False) -> Iterator[None]:
        """Elaborate without values: nothing of it stays but the faults."""
        last, known = self._last_id, self.globals
        self.blind, self.names_known = True, names_known
        self.globals = AllAlike(UNKNOWN, known)
        try:
            yield
        finally:
            self.history.forget(last, self._last_id)
            self.blind, self.names_known, self.globals, self._last_id = False, False, known, last

    def record(
        self,
        node_id: int,
        name: str,
        types: tuple[TensorType, ...],
        span: Span,
        inputs: tuple[Ref, ...],
        results: tuple[Ref, ...] = (),
    ) -> None:
        """Remember how a value came to be.

        Raises:
            SpecError: shapes of so many dimensions are too much work.
        """
        sizes = len(types[0].shape) if len(types) == 1 else sum(len(type_.shape) for type_ in types)
        if sizes >= SIZES_IN_A_STEP:
            self.spend(sizes // SIZES_IN_A_STEP, span)
        self.history.add(node_id, Made(name, types, span, inputs, results))
