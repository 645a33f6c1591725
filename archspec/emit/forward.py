"""The body of a generated `forward`: straight-line code, with a loop for every chain of like copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from archspec.emit.lift import Crossings
from archspec.emit.names import Names, attribute
from archspec.graph.nodes import Absent, Call, Node, Ref, Scope
from archspec.ops.code import BATCH, call_arguments, expression, unpacked

INDENT = "    "
_BEYOND = -1  # a use that the running variable does not live to see


@dataclass(slots=True)
class ForwardWriter:
    """Writes one forward.

    A value that only the next statement takes is held by one running variable, `x`, as people write it; every other
    value has a variable named after its entry.

    Attributes:
        crossings: what crosses the borders of the scopes that are called.
        optional: names of entries which some instances of the block have and others have not.
        on_helper: told of each call of the catalogue and its text, for the helpers that it needs.
        text: the expression of each value that exists already; holds the arguments at the start.
        names: the identifiers of this function.
        batch: the expression of the batch size.
    """

    crossings: Crossings
    optional: frozenset[str]
    on_helper: Callable[[Call, str], None]
    text: dict[Ref, str]
    names: Names
    batch: str
    _uses: dict[Ref, set[int]] = field(default_factory=dict)
    _aliases: dict[Ref, Ref] = field(default_factory=dict)
    _items: dict[str, str] = field(default_factory=dict)
    _running: str = ""

    def statements(
        self, nodes: Sequence[Node], results: Sequence[Ref], guarded: frozenset[int] = frozenset()
    ) -> list[str]:
        """One statement or loop per node, the `return` excluded. `guarded` nodes run in training mode only."""
        self._running = self.names.allocate("x", "out", "h")
        self._count_uses(nodes, results)
        lines: list[str] = []
        in_guard = False
        for step, node in enumerate(nodes):
            written = self._step(node, step)
            if node.id in guarded and written:
                lines += [] if in_guard else ["if self.training:"]
                lines += [INDENT + line for line in written]
            else:
                lines += written
            in_guard = node.id in guarded if written else in_guard
        return lines

    def of(self, ref: Ref) -> str:
        """The expression of a value that exists."""
        return self.text[self._resolved(ref)]

    def _bind(self, ref: Ref, text: str) -> None:
        self.text[self._resolved(ref)] = text

    def _resolved(self, ref: Ref) -> Ref:
        """The value itself, where two references mean the same one."""
        while ref in self._aliases:
            ref = self._aliases[ref]
        return ref

    # Who takes what, hence which values the running variable can hold.

    def _count_uses(self, nodes: Sequence[Node], results: Sequence[Ref]) -> None:
        for step, node in enumerate(nodes):
            if isinstance(node, Absent) and node.name not in self.optional:
                self._aliases[Ref(node.id)] = node.inputs[0]
                continue
            self._alias_ends(node)
            for ref in self._taken(node):
                self._use(ref, step)
            if _is_copies(node):
                for ref in (*node.inputs[1:], *self._taken_inside(node)):  # every copy takes them
                    self._use(ref, step)
                    self._use(ref, _BEYOND)
        for ref in results:
            self._use(ref, len(nodes))

    def _alias_ends(self, node: Node) -> None:
        """A chain's result is its last copy's."""
        if _is_copies(node):
            self._aliases[node.results[0]] = Ref(node.id)
            for inner in node.body:
                self._alias_ends(inner)

    def _use(self, ref: Ref, step: int) -> None:
        self._uses.setdefault(self._resolved(ref), set()).add(step)

    def _taken(self, node: Node) -> tuple[Ref, ...]:
        """What the statement of a node takes."""
        if isinstance(node, Scope) and node.kind != "copies":
            return (*node.inputs, *self.crossings.captures.get(node.id, ()))
        return node.inputs

    def _taken_inside(self, scope: Scope) -> Iterator[Ref]:
        for node in scope.body:
            yield from self._taken(node)
            if _is_copies(node):
                yield from self._taken_inside(node)

    def _variable(self, ref: Ref, wish: str, step: int) -> str:
        return self._running if self._uses.get(ref) == {step + 1} else self.names.allocate(wish)

    # Statements.

    def _step(self, node: Node, step: int) -> list[str]:
        if Ref(node.id) in self._aliases:
            return []
        result = Ref(node.id)
        if _is_copies(node):
            variable = self._variable(result, _wish(node), step)
            self._bind(result, variable)
            return self._chain(node, attribute("self", node.name), variable, step)
        value = self._value(node, attribute("self", node.name))
        made = self._made(node)
        for index, (ref, wish) in enumerate(made):
            if ref not in self._uses and len(made) > 1:
                self._bind(ref, "_")
            else:
                self._bind(ref, self.names.allocate(wish) if index else self._variable(ref, wish, step))
        return [f"{self._target(node, made)} = {value}"]

    def _target(self, node: Node, made: Sequence[tuple[Ref, str]]) -> str:
        """The left side of the assignment of what a node makes, its variables being bound."""
        names = tuple(self.of(ref) for ref, _ in made)
        return unpacked(node.op, node.args, names) if isinstance(node, Call) else ", ".join(names)

    def _value(self, node: Node, module: str) -> str:
        inputs = tuple(self.of(ref) for ref in self._taken(node))
        if isinstance(node, Call) and not node.op.is_module:
            code = expression(node.op, node.args, inputs).replace(BATCH, self.batch)
            self.on_helper(node, code)
            return code
        given = ", ".join(inputs)
        if isinstance(node, Call):
            given = call_arguments(node.op, node.args, inputs)
            self.on_helper(node, given)
        call = f"{module}({given})"
        if node.name in self.optional:
            return f"{inputs[0]} if {module} is None else {call}"
        return call

    def _made(self, node: Node) -> list[tuple[Ref, str]]:
        """Each value that a node makes, with the name that its variable would like."""
        name = _wish(node)
        ports = [name, *(f"{name}_{port}" for port in _ports(node)[1 : len(node.outputs)])]
        made = [(Ref(node.id, index), port) for index, port in enumerate(ports)]
        taps = self.crossings.taps.get(node.id, ()) if isinstance(node, Scope) else ()
        return made + [(ref, f"{name}_tap") for ref in taps]

    # Copies: a loop where every copy would be written alike, else one statement after the other.

    def _chain(self, scope: Scope, container: str, variable: str, step: int) -> list[str]:
        """The statements that take the chain's input through all copies; the result is then in `variable`."""
        start = self.of(scope.inputs[0])
        for parameter, ref in zip(scope.parameters, scope.inputs, strict=True):
            self._bind(Ref(parameter.id), self.of(ref))
        loop = self._loop(scope, container, variable, step)
        if loop is None:
            return self._unrolled(scope, container, variable, step)
        return loop if start == variable else [f"{variable} = {start}", *loop]

    def _loop(self, scope: Scope, container: str, variable: str, step: int) -> list[str] | None:
        """The loop over a ModuleList; None where the copies are not alike, or something else takes from inside."""
        if not all(self._can_loop(scope, nodes, result, step) for nodes, result in scope.each_copy()):
            return None
        item = self._item(scope)
        locals_: dict[tuple[int, int], str] = {}
        incoming = Ref(scope.parameters[0].id)
        before = dict(self.text)
        written: list[str] | None = None
        for nodes, result in scope.each_copy():
            self._bind(incoming, variable)
            lines = self._copy(nodes, result, item, variable, locals_, step)
            if not lines or (written is not None and lines != written):
                self.text = before
                return None
            written, incoming = lines, result
        return [f"for {item} in {container}:", *(INDENT + line for line in written or ())]

    def _item(self, scope: Scope) -> str:
        """The variable of a loop; loops that follow each other share it."""
        wish = _item_name(scope)
        if wish not in self._items:
            self._items[wish] = self.names.allocate(wish)
        return self._items[wish]

    def _can_loop(self, scope: Scope, nodes: Sequence[Node], result: Ref, step: int) -> bool:
        modules = sum(not isinstance(node, Call) or node.op.is_module for node in nodes)
        tapped = any(isinstance(node, Scope) and self.crossings.taps.get(node.id) for node in nodes)
        last = result if result in scope.results else None
        wanted = any(self._wanted(ref, step) for ref in _values_of(nodes) if ref != last)
        return modules == 1 and not tapped and not wanted

    def _wanted(self, ref: Ref, step: int) -> bool:
        """Whether something after this step takes the value."""
        return bool(self._uses.get(ref, set()) - {step, _BEYOND})

    def _unrolled(self, scope: Scope, container: str, variable: str, step: int) -> list[str]:
        lines: list[str] = []
        for index, (nodes, result) in enumerate(scope.each_copy()):
            last = result == scope.results[0]
            target = variable if last else self.names.allocate(f"{_wish(scope)}_{index}")
            lines += self._copy(nodes, result, f"{container}[{index}]", target, {}, step)
        return lines

    def _copy(
        self,
        nodes: Sequence[Node],
        result: Ref,
        module: str,
        variable: str,
        locals_: dict[tuple[int, int], str],
        step: int,
    ) -> list[str]:
        """The statements of one copy. `locals_` are the variables of values that stay inside it, by position."""
        lines: list[str] = []
        for position, node in enumerate(nodes):
            if _is_copies(node):
                lines += self._chain(node, module, variable, step)
                self._bind(Ref(node.id), variable)
                continue
            value = self._value(node, module)
            made = self._made(node)
            for index, (ref, wish) in enumerate(made):
                if ref != result and (position, index) not in locals_:
                    unused = ref not in self._uses and len(made) > 1
                    locals_[position, index] = "_" if unused else self.names.allocate(wish)
                self._bind(ref, variable if ref == result else locals_[position, index])
            lines.append(f"{self._target(node, made)} = {value}")
        return lines


def _is_copies(node: Node) -> TypeGuard[Scope]:
    return isinstance(node, Scope) and node.kind == "copies"


def _values_of(nodes: Sequence[Node]) -> Iterator[Ref]:
    """Every value made in a copy, those in copies inside it included."""
    for node in nodes:
        for port in range(len(node.outputs)):
            yield Ref(node.id, port)
        if _is_copies(node):
            yield from _values_of(node.body)


def _wish(node: Node) -> str:
    """What the variable for a node's value would like to be called."""
    if not node.name[:1].isdigit():
        return node.name
    return node.op.name.lower() if isinstance(node, Call) else "y"


def _ports(node: Node) -> tuple[str, ...]:
    if isinstance(node, Call):
        return node.op.ports
    return node.ports if isinstance(node, Scope) else ("output",)


def _item_name(scope: Scope) -> str:
    """What the variable of a loop over the copies would like to be called."""
    first = scope.body[0]
    if _is_copies(first):
        return "stage"
    return "block" if isinstance(first, Scope) and first.kind == "block" else "layer"
