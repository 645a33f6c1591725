"""Who takes which value in one forward, hence what a running variable can hold and what needs a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archspec.emit.lift import Crossings
from archspec.graph.nodes import Absent, Node, Ref, Scope

_BEYOND = -1  # a use that the running variable does not live to see


@dataclass(slots=True)
class Uses:
    """The statements of a forward that take each value, by their position.

    Attributes:
        crossings: what crosses the borders of the scopes that are called.
        optional: names of entries which some instances of the block have and others have not.
        elsewhere: functions that are absent here and to be written all the same, and what they take where they are not.
    """

    crossings: Crossings
    optional: frozenset[str]
    elsewhere: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)
    _steps: dict[Ref, set[int]] = field(default_factory=dict)
    _aliases: dict[Ref, Ref] = field(default_factory=dict)

    def count(self, nodes: Sequence[Node], results: Sequence[Ref]) -> None:
        """Find the uses of a body whose forward returns `results`."""
        for step, node in enumerate(nodes):
            if isinstance(node, Absent):
                if node.name not in self.optional and node.name not in self.elsewhere:
                    self._aliases[Ref(node.id)] = node.inputs[0]
                    continue
                for ref in self.elsewhere.get(node.name, ()):
                    self._use(ref, step)
            self._alias(node)
            for ref in self.taken(node):
                self._use(ref, step)
            if isinstance(node, Scope) and node.is_container:
                self._use_inside(node, step)
        for ref in results:
            self._use(ref, len(nodes))

    def resolved(self, ref: Ref) -> Ref:
        """The value itself, where two references mean the same one."""
        while (other := self._aliases.get(ref) or self.crossings.same.get(ref)) is not None:
            ref = other
        return ref

    def is_alias(self, ref: Ref) -> bool:
        """Whether a reference means a value that has another one too."""
        return ref in self._aliases

    def is_taken(self, ref: Ref) -> bool:
        """Whether anything takes the value."""
        return self.resolved(ref) in self._steps

    def is_taken_after(self, ref: Ref, step: int) -> bool:
        """Whether something after this step takes the value."""
        return bool(self._steps.get(self.resolved(ref), set()) - {step, _BEYOND})

    def is_only_for_next(self, ref: Ref, step: int) -> bool:
        """Whether the statement after this step is the only one that takes the value."""
        return self._steps.get(self.resolved(ref)) == {step + 1}

    def taken(self, node: Node) -> tuple[Ref, ...]:
        """What the statement of a node takes."""
        if isinstance(node, Scope) and not node.is_container:
            return (*node.inputs, *self.crossings.captures.get(node.id, ()))
        return node.inputs

    def _alias(self, node: Node) -> None:
        """A chain's result is its last copy's; a branch takes its container's input, and makes one of its outputs."""
        if not isinstance(node, Scope) or not node.is_container:
            return
        if node.kind == "copies":
            self._aliases[node.results[0]] = Ref(node.id)
        else:
            for parameter, ref in zip(node.parameters, node.inputs, strict=True):
                self._aliases[Ref(parameter.id)] = ref
            for port, ref in enumerate(node.results):
                self._aliases[Ref(node.id, port)] = ref
        for inner in node.body:
            self._alias(inner)

    def _use_inside(self, container: Scope, step: int) -> None:
        """What a container's elements take is taken several times in its one step, or by several statements of it."""
        repeated = container.inputs[1:] if container.kind == "copies" else (*container.inputs, *container.results)
        for ref in (*repeated, *self._taken_inside(container)):
            self._use(ref, step)
            self._use(ref, _BEYOND)

    def _taken_inside(self, container: Scope) -> Iterator[Ref]:
        for node in container.body:
            yield from self.taken(node)
            if isinstance(node, Scope) and node.is_container:
                if node.kind == "branches":
                    yield from node.results
                yield from self._taken_inside(node)

    def _use(self, ref: Ref, step: int) -> None:
        self._steps.setdefault(self.resolved(ref), set()).add(step)
