"""The body of a generated `forward`: straight-line code, with a loop for every chain of like copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from archspec.emit.alike import Plan, are_alike, plan
from archspec.emit.containers import is_branches, is_copies, is_element, is_own
from archspec.emit.lists import fed_wish, for_each, list_wish, taking_lists, together
from archspec.emit.local_variables import Locals
from archspec.emit.names import Names, attribute
from archspec.emit.uses import Uses
from archspec.emit.wishes import asked_names, item_of, parts_of, ports_of, wish_of
from archspec.graph.nodes import Absent, Call, Node, Ref, Scope
from archspec.ops.code import BATCH, call_arguments, expression, unpacked
from archspec.tensors import TensorType

Comment: TypeAlias = Callable[[Node, tuple[TensorType, ...], bool], str]
"""What to write behind the statement of a node, from the types of those of its values that are taken, and whether the
statement runs for each of several copies, of which the last one's values have these types."""

INDENT = "    "
_COPY = "out"
"""What the variable of a copy's value would like to be called."""


@dataclass(slots=True)
class ForwardWriter:
    """Writes one forward.

    A value that only the next statement takes is held by one running variable, `x`, as people write it; every other
    value has a variable named after its entry.

    Attributes:
        uses: who takes what of this forward.
        on_helper: told of each call of the catalogue and its text, for the helpers that it needs.
        text: the expression of each value that exists already; holds the arguments at the start.
        names: the identifiers of this function.
        batch: the expression of the batch size.
        reach: the expression of a module elsewhere, from its path.
        taps_of: how many values a module's forward gives beside its results, from its path.
        comment: makes what stands behind the statement of a node.
    """

    uses: Uses
    on_helper: Callable[[Call, str], None]
    text: dict[Ref, str]
    names: Names
    batch: str
    reach: Callable[[str], str]
    taps_of: Callable[[str], int]
    comment: Comment | None = None
    _items: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, int] = field(default_factory=dict)
    _asked: dict[Ref, str] = field(default_factory=dict)
    _shared: dict[tuple[int, str, int], str] = field(default_factory=dict)
    _depth: int = 0
    _running: str = ""

    def statements(
        self, nodes: Sequence[Node], results: Sequence[Ref], guarded: frozenset[int] = frozenset()
    ) -> list[str]:
        """One statement or loop per node, the `return` excluded. `guarded` nodes run in training mode only."""
        self._running = self.names.allocate("x", "out", "h")
        self.uses.count(nodes, results)
        self._asked = asked_names(nodes, self.uses)
        lines: list[str] = []
        in_guard = False
        for step, node in enumerate(nodes):
            written = self._step(node, step)
            if written and self.comment is not None:
                last = max(at for at, line in enumerate(written) if ".append(" not in line)
                taken = [type for port, type in enumerate(node.outputs) if self.uses.is_taken(Ref(node.id, port))]
                types = tuple(taken) if len(set(node.outputs)) > 1 else node.outputs
                written[last] += self.comment(node, types, written[last].startswith(INDENT))
            if node.id in guarded and written:
                lines += [] if in_guard else ["if self.training:"]
                lines += [INDENT + line for line in written]
            else:
                lines += written
            in_guard = node.id in guarded if written else in_guard
        return lines

    def of(self, ref: Ref) -> str:
        """The expression of a value that exists."""
        return self.text[self.uses.resolved(ref)]

    def _bind(self, ref: Ref, text: str) -> None:
        self.text[self.uses.resolved(ref)] = text

    def _variable(self, ref: Ref, wish: str, step: int) -> str:
        return self._running if self.uses.is_only_for_next(ref, step) else self.names.allocate(wish)

    # Statements.

    def _step(self, node: Node, step: int) -> list[str]:
        result = Ref(node.id)
        if isinstance(node, Absent) and self.uses.is_alias(result):
            return []
        if isinstance(node, Call) and node.op.bare:
            self._bind(result, attribute("self", node.name))
            return []
        module = self._module(node, attribute("self", node.name))
        if is_branches(node):
            return self._branches(node, module, wish_of(node), Locals(self.names), step)
        if is_copies(node):
            variable = self._variable(result, wish_of(node), step) if self.uses.is_taken(result) else self._running
            self._bind(result, variable)
            return self._chain(node, module, variable, step)
        value = self._value(node, module)
        made = self._made(node)
        is_named = len(parts := parts_of(node, self.uses)) > 1
        for index, (ref, wish) in enumerate(made):
            if not self.uses.is_taken(ref) and len(made) > 1:
                self._bind(ref, "_")
            elif is_named:
                self._bind(ref, self.names.allocate(self._asked.get(ref) or parts.get(ref, wish)))
            else:
                self._bind(ref, self.names.allocate(wish) if index else self._variable(ref, wish, step))
        return [f"{self._target(node, made)} = {value}"]

    def _module(self, node: Node, place: str, container: Scope | None = None) -> str:
        """The module that a node calls: the one at its place, or another one that it uses again."""
        return place if isinstance(node, Absent) or is_own(node, container) else self.reach(node.module)

    def _target(self, node: Node, made: Sequence[tuple[Ref, str]]) -> str:
        """The left side of the assignment of what a node makes, its variables being bound."""
        names = tuple(self.of(ref) for ref, _ in made)
        return unpacked(node.op, node.args, names) if isinstance(node, Call) else ", ".join(names)

    def _value(self, node: Node, module: str) -> str:
        inputs = tuple(self.of(ref) for ref in self.uses.taken(node))
        if isinstance(node, Call) and not node.op.is_module:
            code = taking_lists(expression(node.op, node.args, inputs).replace(BATCH, self.batch), inputs, self._lists)
            self.on_helper(node, code)
            return code
        if isinstance(node, Absent) and node.name in self.uses.elsewhere:
            return inputs[0]
        given = ", ".join(inputs)
        if isinstance(node, Call):
            given = call_arguments(node.op, node.args, inputs)
            self.on_helper(node, given)
        call = f"{module}({given}){node.op.result if isinstance(node, Call) else ''}"
        if node.name in self.uses.optional and module == attribute("self", node.name):
            return f"{inputs[0]} if {module} is None else {call}"
        return call

    def _made(self, node: Node, wish: str = "") -> list[tuple[Ref, str]]:
        """Each value that a node makes, with the name that its variable would like."""
        name = wish or wish_of(node)
        others = ports_of(node)[1 : len(node.outputs)]
        ports = [name, *(port if wish == _COPY and not port.isdigit() else f"{name}_{port}" for port in others)]
        made = [(Ref(node.id, index), port) for index, port in enumerate(ports)]
        if isinstance(node, Scope) and node.module:  # its forward gives what others take from inside the first call too
            return made + [(Ref(node.id, -1 - index), "_") for index in range(self.taps_of(node.module))]
        taps = self.uses.crossings.taps.get(node.id, ()) if isinstance(node, Scope) else ()
        return made + [(ref, self.uses.crossings.name_of(ref, node.name)) for ref in taps]

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
        """The loop over a ModuleList; None where the copies are not alike, or something takes from some of them."""
        found = plan(scope, self.uses, step)
        if found is None:
            return None
        item = self._item(scope)
        locals_ = Locals(self.names, self._shared, self._depth)
        self._depth += 1
        try:
            return self._looped(scope, container, item, locals_, variable, step, found)
        finally:
            self._depth -= 1

    def _looped(
        self, scope: Scope, container: str, item: str, locals_: Locals, variable: str, step: int, found: Plan
    ) -> list[str] | None:
        """The same, where nothing but a difference between the statements of the copies can be in the way."""
        incoming = Ref(scope.parameters[0].id)
        before = dict(self.text)
        wishes = [fed_wish(scope, refs[0], self.uses) for refs in found.fed]
        fed = [(locals_.at((-1 - at,), wishes[at]), refs) for at, refs in enumerate(found.fed)]
        called = (self._asked.get(refs[0]) or list_wish(scope, refs[0]) for refs in found.gathered)
        lists = list(zip(map(self.names.allocate, called), found.gathered, strict=True))
        written: list[str] | None = None
        for turn, (nodes, result) in enumerate(scope.each_copy()):
            self._bind(incoming, variable)
            self.text |= {refs[turn]: name for name, refs in fed}
            lines = self._copy(scope, nodes, result, item, variable, locals_, step)
            lines += [f"{name}.append({self.of(refs[turn])})" for name, refs in lists]
            self.text |= {refs[turn]: before[refs[turn]] for _, refs in fed}
            if not lines or (written is not None and lines != written):
                self.text = before
                return None
            written, incoming = lines, result
        last = scope.results[0]
        for name, refs in lists:
            self.text |= {self.uses.resolved(ref): f"{name}[{at}]" for at, ref in enumerate(refs) if ref != last}
            self._lists[name] = len(refs)
        sources = [together([before[ref] for ref in refs], self._lists) for _, refs in fed]
        items = [f"{container}.values()" if scope.keyed else container, *sources]
        head = for_each([item, *(name for name, _ in fed)], items)
        return [*(f"{name} = []" for name, _ in lists), head, *(INDENT + line for line in written or ())]

    def _item(self, scope: Scope) -> str:
        """The variable of a loop; loops that follow each other share it."""
        wish = item_of(scope)
        if wish not in self._items:
            self._items[wish] = self.names.allocate(wish)
        return self._items[wish]

    def _unrolled(self, scope: Scope, container: str, variable: str, step: int) -> list[str]:
        lines: list[str] = []
        for index, (nodes, result) in enumerate(scope.each_copy()):
            last = result == scope.results[0]
            target = variable if last else self.names.allocate(f"{wish_of(scope)}_{index}")
            element = f"{container}[{nodes[0].name if scope.keyed else index!r}]"
            lines += self._copy(scope, nodes, result, element, target, Locals(self.names), step)
        return lines

    def _copy(
        self,
        scope: Scope,
        nodes: Sequence[Node],
        result: Ref,
        module: str,
        variable: str,
        locals_: Locals,
        step: int,
    ) -> list[str]:
        """The statements of one copy. `locals_` are the variables of values that stay inside it, by position."""
        lines: list[str] = []
        for position, node in enumerate(nodes):
            element = self._module(node, module, scope)
            if is_copies(node):
                lines += self._chain(node, element, variable, step)
                self._bind(Ref(node.id), variable)
            elif is_branches(node):
                lines += self._branches(node, element, _COPY, locals_, step, (position,))
            else:
                wish = _COPY if is_element(node, scope) else ""
                lines.append(self._statement(node, element, {result: variable}, locals_, (position,), wish))
        if self.of(result) not in (variable, "_"):
            lines.append(f"{variable} = {self.of(result)}")
            self._bind(result, variable)
        return lines

    def _statement(
        self,
        node: Node,
        module: str,
        given: Mapping[Ref, str],
        locals_: Locals,
        at: tuple[int, ...],
        wish: str = "",
    ) -> str:
        """The statement of one node inside a container, its values in the variables that are given or in locals."""
        value = self._value(node, module)
        made = self._made(node, wish)
        for index, (ref, wish) in enumerate(made):
            unused = ref not in given and not self.uses.is_taken(ref) and len(made) > 1
            self._bind(ref, "_" if unused else given.get(ref) or locals_.at((*at, index), wish))
        return f"{self._target(node, made)} = {value}"

    # Branches: one statement after the other, each with a variable of its own.

    def _branches(
        self, scope: Scope, container: str, wish: str, locals_: Locals, step: int, at: tuple[int, ...] = ()
    ) -> list[str]:
        """The statements of all branches. `locals_` are the variables of their values, by position."""
        lines: list[str] = []
        if not at and are_alike(scope, self.uses):
            name, given = self.names.allocate(f"{wish}_outputs"), self.of(scope.body[0].inputs[0])
            self.text |= {self.uses.resolved(Ref(node.id)): f"{name}[{at}]" for at, node in enumerate(scope.body)}
            self._lists[name] = len(scope.body)
            return [f"{name} = [branch({given}) for branch in {container}]"]
        for position, node in enumerate(scope.body):
            place = (*at, position)
            element = (
                f"{container}[{node.name if scope.keyed else int(node.name)!r}]" if is_element(node, scope) else ""
            )
            element = self._module(node, element, scope)
            if is_branches(node):
                lines += self._branches(node, element, f"{wish}_{node.name}", locals_, step, place)
            elif is_copies(node):
                variable = locals_.at((*place, 0), f"{wish}_{node.name}")
                self._bind(Ref(node.id), variable)
                lines += self._chain(node, element, variable, step)
            else:
                lines.append(self._statement(node, element, {}, locals_, place, f"{wish}_{node.name}"))
        return lines
