"""The classes of a compiled module: for the model, for each block kind, for each sequence that is no plain chain."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from archspec.emit.containers import is_chain
from archspec.emit.forward import INDENT, Comment, ForwardWriter
from archspec.emit.lift import Crossings, find_crossings
from archspec.emit.names import Names, attribute, class_name
from archspec.emit.optional import conditional_functions, is_plain_layer, optional_children, scopes_of, taken_elsewhere
from archspec.emit.returning import returning
from archspec.emit.uses import Uses
from archspec.emit.values import function_of
from archspec.graph.needed import training_only
from archspec.graph.nodes import Absent, Call, Graph, Output, Ref, Scope
from archspec.records import record
from archspec.tensors import Batch, TensorType

Mark: TypeAlias = Callable[[tuple[TensorType, ...]], Comment]
"""Makes what is written behind the lines of a function's nodes, from the types of what the function is given."""

_HEADER = """{imports}import torch
import torch.nn.functional as F
from torch import nn
"""


@record
class Program:
    """The generated Python module.

    Attributes:
        source: its whole text.
        classes: the class of each scope that has one, by the scope's id. Other sequences are `nn.Sequential`.
        optional: for each block, the children that some of its instances have and others have not.
        values: the function that computes each buffer which is computed, by the buffer's id.
    """

    source: str
    classes: dict[int, str]
    optional: dict[str, frozenset[str]]
    values: dict[int, str]


def generate(graph: Graph) -> Program:
    """The classes of a graph, each with its `forward`."""
    generator = Generator.of(graph)
    known: dict[tuple[str, str], str] = {}
    classes: dict[int, str] = {}
    texts: list[str] = []
    for scope, wish, forward in generator.written():
        name = known.get((wish, forward))
        if name is None:
            name = generator.model if scope is graph.root else generator.names.allocate(wish)
            known[wish, forward] = name
            texts.append(f"class {name}(nn.Module):\n{forward}")
        classes[scope.id] = name
    imports = "from functools import reduce\n\n" if any(" reduce(" in text for text in texts) else ""
    imports += "import einops\n" if generator.uses_einops else ""
    parts = [_HEADER.format(imports=imports), *generator.helpers.values(), *generator.functions, *texts]
    source = "\n\n".join(part.strip("\n") + "\n" for part in parts)
    return Program(source, classes, generator.optional, generator.values)


@dataclass(slots=True)
class Generator:
    """Writes the `forward` of each scope that needs a class of its own.

    Attributes:
        graph: the model.
        crossings: what crosses the borders of its scopes.
        optional: for each block, the children that some of its instances have and others have not.
        mark: for an exported file, makes what notes each line's entry and shape; None where the classes are to run.
        conditional: for each block of an exported file, the functions that some instances call, and what these take.
        names: of classes.
        helpers: the functions that forwards call, with their sources; known when all are written.
        functions: the sources of the functions that compute buffers; known when the first class is written.
        values: which of them computes which buffer, by the buffer's id.
        uses_einops: whether a forward calls einops; known when all are written.
        model: the name of the model's class.
    """

    graph: Graph
    crossings: Crossings
    optional: dict[str, frozenset[str]]
    mark: Mark | None = None
    conditional: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    helpers: dict[str, str] = field(default_factory=dict)
    functions: list[str] = field(default_factory=list)
    values: dict[int, str] = field(default_factory=dict)
    uses_einops: bool = False
    model: str = ""
    _scopes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, mark: Mark | None = None) -> Generator:
        """The generator of a graph. The model's own name is taken first."""
        conditional = {} if mark is None else conditional_functions(graph)
        generator = cls(graph, find_crossings(graph), optional_children(graph), mark, conditional)
        generator.model = generator.names.allocate(graph.name)
        return generator

    def written(self) -> Iterator[tuple[Scope, str, str]]:
        """Each scope that needs a class, inner ones first, with what it would be called and its forward."""
        if self.mark is None:
            self._write_functions()
        yield from self._inside(self.graph.root)
        yield self.graph.root, self.model, self._model_forward() + _train_method(self.model, self.graph)

    def _write_functions(self) -> None:
        """The functions that compute buffers, one for all that hold the same."""
        known: dict[tuple[str, str], str] = {}
        for call, text in self.computed():
            name = known.get((call.name, text)) or self.names.allocate(call.name)
            if (call.name, text) not in known:
                self.functions.append(f"def {name}() -> torch.Tensor:\n{text}")
            self.values[call.id] = known[call.name, text] = name

    def computed(self) -> Iterator[tuple[Call, str]]:
        """Each buffer that is computed, with the function that does so, without its first line."""
        for call in self.graph.calls():
            if call.value is not None:
                yield call, function_of(call.value, self._note_helpers, self.mark and self.mark(()))

    def _inside(self, scope: Scope) -> Iterator[tuple[Scope, str, str]]:
        for node in scope.body:
            if not isinstance(node, Scope) or node.module:
                continue
            yield from self._inside(node)
            if node.kind == "block" or (node.kind == "sequence" and not self.is_plain_chain(node)):
                wish = class_name(node.block or ("Sequence" if node.name[:1].isdigit() else node.name))
                yield node, wish, self._forward(node)

    def is_plain_chain(self, scope: Scope) -> bool:
        """Whether `nn.Sequential` does what the scope does."""
        if any(self.crossings.cross(node.id) for node in (scope, *scope.body)) or len(scope.results) != 1:
            return False
        value = Ref(scope.parameters[0].id)
        for node in scope.body:
            if node.inputs != (value,) or len(node.outputs) != 1:
                return False
            if isinstance(node, Absent) or node.module or (isinstance(node, Call) and not is_plain_layer(node)):
                return False
            if isinstance(node, Scope) and node.is_container and (self.mark is None or not is_chain(node)):
                return False
            value = Ref(node.id)
        return len(scope.parameters) == 1 and scope.results == (value,)

    def _writer(self, scope: Scope) -> tuple[ForwardWriter, list[str]]:
        """A writer that knows the arguments of a scope's forward, and those arguments' names."""
        names = Names()
        text = {Ref(parameter.id): names.allocate(parameter.name) for parameter in scope.parameters}
        for index, ref in enumerate(self.crossings.captures.get(scope.id, ())):
            text[self.crossings.resolved(ref)] = names.allocate(f"other{index + 1}" if index else "other")
        optional = self.optional.get(scope.block or "", frozenset())
        batch = _batch_size(scope, text)
        functions = taken_elsewhere(scope, self.conditional.get(scope.block or "", {}))
        uses = Uses(self.crossings, optional, functions)
        reach = functools.partial(_reach, scope)
        writer = ForwardWriter(uses, self._note_helpers, dict(text), names, batch, reach, self._count_taps)
        if self.mark is not None:
            writer.comment = self.mark(tuple(parameter.type for parameter in scope.parameters))
        return writer, list(text.values())

    def _count_taps(self, path: str) -> int:
        """How many values the forward of the scope at a path gives beside its results."""
        if not self._scopes:
            self._scopes.update((scope.path, scope.id) for scope in scopes_of(self.graph.root) if not scope.module)
        return len(self.crossings.taps.get(self._scopes[path], ()))

    def _note_helpers(self, call: Call, code: str) -> None:
        self.uses_einops |= call.op.target.startswith("einops.")
        for name, source in call.op.helpers.items():
            if f"{name}(" in code:
                self.helpers.setdefault(name, source)

    def _forward(self, scope: Scope) -> str:
        writer, arguments = self._writer(scope)
        results = [*scope.results, *self.crossings.taps.get(scope.id, ())]
        lines = returning(writer.statements(scope.body, results), [writer.of(ref) for ref in results])
        kind = _RESULTS.get(len(results), "tuple[torch.Tensor, ...]")
        return _function(arguments, kind, lines)

    def _model_forward(self) -> str:
        root = self.graph.root
        writer, arguments = self._writer(root)
        always = [output for output in self.graph.outputs if not output.training_only]
        lines = writer.statements(root.body, [output.ref for output in self.graph.outputs], training_only(self.graph))
        if len(always) < len(self.graph.outputs):
            lines += ["if self.training:", INDENT + self._return(writer, self.graph.outputs)]
        if self.graph.form == "single":
            lines = returning(lines, [writer.of(output.ref) for output in always])
        else:
            lines.append(self._return(writer, always))
        return _function(arguments, _ANNOTATIONS[self.graph.form], lines)

    def _return(self, writer: ForwardWriter, outputs: Sequence[Output]) -> str:
        values = [writer.of(output.ref) for output in outputs]
        if self.graph.form == "tuple":
            return f"return {', '.join(values)}" + ("," if len(values) == 1 else "")
        items = (f"{output.name!r}: {value}" for output, value in zip(outputs, values, strict=True))
        return f"return {{{', '.join(items)}}}"


_RESULTS = {1: "torch.Tensor", 2: "tuple[torch.Tensor, torch.Tensor]"}
_ANNOTATIONS = {"single": "torch.Tensor", "tuple": "tuple[torch.Tensor, ...]", "dict": "dict[str, torch.Tensor]"}


def _reach(scope: Scope, path: str) -> str:
    """The expression of a module inside a scope, seen from that scope's forward."""
    text, inside = "self", scope
    for name in path.removeprefix(f"{scope.path}.").split("."):
        key = name if inside.keyed else name if not inside.is_container else int(name)
        text = f"{text}[{key!r}]" if inside.is_container else attribute(text, name)
        inside = next((node for node in inside.body if isinstance(node, Scope) and node.name == name), scope)
    return text


def _batch_size(scope: Scope, text: dict[Ref, str]) -> str:
    """The batch size as the first argument that has it tells it; 1 where none does."""
    for parameter in scope.parameters:
        for dim, size in enumerate(parameter.type.shape):
            if isinstance(size, Batch):
                whole = f"{text[Ref(parameter.id)]}.size({dim})"
                return whole if size.multiple == 1 else f"({whole} // {size.multiple})"
    return "1"


def _function(arguments: list[str], result: str, lines: list[str]) -> str:
    listed = ", ".join(f"{argument}: torch.Tensor" for argument in arguments)
    head = f"{INDENT}def forward(self, {listed}) -> {result}:"
    return "\n".join([head, *(INDENT * 2 + line for line in lines)]) + "\n"


def _train_method(model: str, graph: Graph) -> str:
    """A `train` that leaves layers with frozen statistics in eval mode; nothing where there are none."""
    if not graph.frozen.statistics:
        return ""
    lines = [
        f'{INDENT}def train(self, mode: bool = True) -> "{model}":',
        f"{INDENT * 2}super().train(mode)",
        f"{INDENT * 2}for name in {graph.frozen.statistics!r}:  # their running statistics are frozen",
        f"{INDENT * 3}self.get_submodule(name).eval()",
        f"{INDENT * 2}return self",
    ]
    return "\n" + "\n".join(lines) + "\n"
