"""How long each value of a generated forward lives, hence how much memory an evaluation takes at once.

Python drops a tensor when its last name goes. A forward's arguments live until it returns, since its caller holds them
too; the running variable `x` until it is given its next value; every other variable until the forward returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from archspec.emit.alike import plan
from archspec.emit.lift import Crossings, find_crossings
from archspec.emit.optional import optional_children
from archspec.emit.uses import Uses
from archspec.emit.wishes import parts_of
from archspec.graph.memory import Memory, evaluated
from archspec.graph.needed import training_only
from archspec.graph.nodes import Absent, Call, Graph, Node, Ref, Scope
from archspec.ops.working import working

Variables: TypeAlias = dict[Hashable, Ref]
_RUNNING = "x"
_UNUSED = "_"


def most_alive(graph: Graph) -> int:
    """Bytes that a forward in eval mode and without gradients has alive at once at most, for a batch of one."""
    machine = _Machine(graph, find_crossings(graph), optional_children(graph), evaluated(graph))
    machine.forward(graph.root)
    return machine.peak


@dataclass(slots=True)
class _Machine:
    """Runs the forwards of a graph and counts, of each piece of memory, the variables that hold it.

    Attributes:
        now: bytes that are alive.
        peak: the most so far.
    """

    graph: Graph
    crossings: Crossings
    optional: dict[str, frozenset[str]]
    memory: Memory
    now: int = 0
    peak: int = 0
    _holders: Counter[Ref] = field(default_factory=Counter)

    def forward(self, scope: Scope) -> tuple[Ref, ...]:
        """Run one forward; what it returns is held once, for the caller to take over."""
        results = self._results(scope)
        left_out = training_only(self.graph) if scope is self.graph.root else frozenset[int]()
        uses = Uses(self.crossings, self.optional.get(scope.block or "", frozenset()))
        uses.count(scope.body, [*scope.results, *self.crossings.taps.get(scope.id, ())])
        variables: Variables = {}
        for parameter in scope.parameters:
            self._set(variables, Ref(parameter.id), Ref(parameter.id))
        frame = _Frame(self, uses, variables)
        for step, node in enumerate(scope.body):
            if node.id not in left_out:
                frame.statement(node, step)
        held = tuple(self._hold(ref) for ref in results)
        for ref in variables.values():
            self.release(ref)
        return held

    def _results(self, scope: Scope) -> list[Ref]:
        if scope is self.graph.root:
            return [output.ref for output in self.graph.outputs if not output.training_only]
        return [*scope.results, *self.crossings.taps.get(scope.id, ())]

    def call(self, call: Call) -> None:
        """What one layer or function makes on its way comes and goes."""
        if call.op.view and self.memory.place(Ref(call.id)) != Ref(call.id):
            return
        types = tuple(self.memory.types[self.memory.origin(ref)] for ref in call.inputs)
        given = types[: len(types) - len(call.args.named)]
        self.peak = max(self.peak, self.now + working(call.op, call.args, given, call.outputs))

    def set(self, variables: Variables, name: Hashable, ref: Ref) -> None:
        """Give a variable its next value; the one before is dropped after."""
        self._set(variables, name, ref)

    def _set(self, variables: Variables, name: Hashable, ref: Ref) -> None:
        place = self._hold(ref)
        if name in variables:
            self.release(variables[name])
        variables[name] = place

    def _hold(self, ref: Ref) -> Ref:
        place = self.memory.place(ref)
        if not self._holders[place]:
            self.now += self.memory.sizes[place]
            self.peak = max(self.peak, self.now)
        self._holders[place] += 1
        return place

    def release(self, place: Ref) -> None:
        """One variable less holds a piece of memory."""
        self._holders[place] -= 1
        if not self._holders[place]:
            self.now -= self.memory.sizes[place]


@dataclass(slots=True)
class _Frame:
    """One forward while it runs, with its variables: statements as `ForwardWriter` writes them."""

    machine: _Machine
    uses: Uses
    variables: Variables

    def statement(self, node: Node, step: int) -> None:
        """One entry of the forward's scope."""
        name = Ref(node.id) if len(parts_of(node, self.uses)) > 1 else self._variable(Ref(node.id), step)
        if isinstance(node, Scope) and node.kind == "copies":
            self._chain(node, name if self.uses.is_taken(Ref(node.id)) else _RUNNING, step)
        elif isinstance(node, Scope) and node.kind == "branches":
            self._branches(node, step)
        else:
            self._assign(node, name)

    def _variable(self, ref: Ref, step: int) -> Hashable:
        return _RUNNING if self.uses.is_only_for_next(ref, step) else ref

    def _assign(self, node: Node, name: Hashable, at: Hashable = None) -> None:
        """Call a node and give its values to variables, the first to `name`."""
        held: tuple[Ref, ...] = ()
        if isinstance(node, Absent):
            if self.uses.is_alias(Ref(node.id)):
                return
        elif isinstance(node, Scope):
            held = self.machine.forward(node)
        elif node.op.bare:
            return
        else:
            self.machine.call(node)
        made = [Ref(node.id, port) for port in range(len(node.outputs))]
        for index, ref in enumerate(made):
            goes_on = at is not None and not index and name != at  # the chain's variable holds it
            unused = not goes_on and not self.uses.is_taken(ref) and len(made) > 1
            variable = _UNUSED if unused else (at, index) if at is not None and index else ref if index else name
            self.machine.set(self.variables, variable, ref)
        if isinstance(node, Scope) and not node.module:
            for ref in self.crossings_of(node):
                self.machine.set(self.variables, ref, ref)
        for place in held:
            self.machine.release(place)

    def crossings_of(self, scope: Scope) -> Sequence[Ref]:
        """What a forward gives of its inside, beside its results."""
        return self.machine.crossings.taps.get(scope.id, ())

    def _chain(self, scope: Scope, name: Hashable, step: int) -> None:
        """The copies, in a loop whose variables are the same in every turn where they are written as one."""
        self.machine.set(self.variables, name, scope.inputs[0])
        found = plan(scope, self.uses, step)
        gathered = {ref for refs in found.gathered for ref in refs} if found is not None else set()
        for number, (nodes, result) in enumerate(scope.each_copy()):
            last = found is not None or result == scope.results[0]
            self._copy(scope, nodes, result, name if last else result, 0 if found is not None else number, step)
            for ref in (Ref(node.id, port) for node in nodes for port in range(len(node.outputs))):
                if ref in gathered:
                    self.machine.set(self.variables, ("list", ref), ref)

    def _copy(self, scope: Scope, nodes: Sequence[Node], result: Ref, name: Hashable, turn: int, step: int) -> None:
        for position, node in enumerate(nodes):
            local = (scope.id, turn, position)
            if isinstance(node, Scope) and node.kind == "copies":
                self._chain(node, name, step)
            elif isinstance(node, Scope) and node.kind == "branches":
                self._branches(node, step)
            else:
                self._assign(node, name if Ref(node.id) == result else local, local)
        self.machine.set(self.variables, name, result)

    def _branches(self, scope: Scope, step: int) -> None:
        for node in scope.body:
            if isinstance(node, Scope) and node.kind == "copies":
                self._chain(node, Ref(node.id), step)
            elif isinstance(node, Scope) and node.kind == "branches":
                self._branches(node, step)
            else:
                self._assign(node, Ref(node.id))
