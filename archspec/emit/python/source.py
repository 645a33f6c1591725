"""The whole file: its imports, helpers, classes with their `__init__`, and the initialisation."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from archspec.emit.classes import Generator
from archspec.emit.compiled import torch_class
from archspec.emit.python.buffers import computed
from archspec.emit.python.class_text import ClassText
from archspec.emit.python.construct import Computed, Place, children
from archspec.emit.python.docs import shapes_of, takes_and_gives
from archspec.emit.python.initial import FUNCTION, after_init, initializer
from archspec.emit.python.likeness import are_alike, are_runs, shape_of
from archspec.emit.python.parameters import Class, in_order
from archspec.emit.python.quotes import double_quoted
from archspec.emit.python.statements import marks, read
from archspec.emit.python.text import Writer
from archspec.errors import Diagnostic, UsageError
from archspec.graph.nodes import Graph, Scope

_LIBRARIES = (("torch.nn.", "nn."), ("torchvision.ops.", "torchvision.ops."))
_ANY = """# To mypy, what a module gives when it is called is Any.
# mypy: disable-error-code="no-any-return"

"""
_RETURNS_ANY = re.compile(
    r"^    def forward\((?:[^()]|\n)*\) -> torch\.Tensor:\n(?:(?!    def )(?: .*)?\n)*?        return (?!torch\.|F\.)",
    re.M,
)
_OWN = "archspec.layers."


def python_source(graph: Graph, title: str) -> str:
    """A file that defines the model's class and needs torch alone (torchvision where one of its layers is used).

    Args:
        graph: a checked graph.
        title: the first words of the file's docstring.

    Raises:
        UsageError: AS708, a layer is the caller's own, whose code archspec does not have.
    """
    return _Source(graph, title).text()


@dataclass(slots=True)
class _Source:
    graph: Graph
    title: str
    class_of: dict[int, Class] = field(default_factory=dict)
    classes: list[Class] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    computed: dict[int, Computed] = field(default_factory=dict)

    def text(self) -> str:
        self._refuse_registered()
        generator = Generator.of(self.graph, marks)
        generator.names.allocate(FUNCTION)
        functions = computed(generator, self.computed)
        for scope, wish, forward in generator.written():
            self._place(scope, wish, forward, generator)
        texts = [self._class(made) for made in in_order(self.classes, self.class_of)]
        body = "\n\n\n".join([*self._helpers(generator), *functions, *initializer(self.graph), *texts])
        return double_quoted(self._head(body) + body + "\n")

    def _refuse_registered(self) -> None:
        for call in self.graph.calls():
            if call.op.layer is not None:
                message = (
                    f"`{call.path}` is a `{call.op.name}`, a layer of your own, whose code is not archspec's to print"
                )
                help = "export to another form, or write it with layers of torch"
                raise UsageError(Diagnostic("AS708", message, call.span, help=help))

    # Which instances are of one class.

    def _place(self, scope: Scope, wish: str, forward: str, generator: Generator) -> None:
        """Put a scope with the class whose forward and children are written alike, or with a new one."""
        place = Place(lambda inner: inner.id in self.class_of, generator.is_plain_chain, self.computed)
        trees = children(scope, place)
        shapes = {child: shape_of(tree, self.class_of) for child, tree in trees.items()}
        lines = read(forward)
        absent = frozenset(generator.conditional.get(scope.block or "", ()))
        like = (made for made in self.classes if made.wish == wish and made.can_fold(lines))
        found = next((made for made in like if _fits(made, shapes)), None)
        if found is None:
            optional = generator.optional.get(scope.block or "", frozenset())
            name = generator.model if scope is self.graph.root else generator.names.allocate(wish)
            found = Class(name, wish, optional, absent, is_chain=generator.is_plain_chain(scope))
            self.classes.append(found)
        found.functions.append(lines)
        found.scopes.append(scope)
        found.trees.append(trees)
        for child, shape in shapes.items():
            found.shapes.setdefault(child, set()).add(shape)
        self.class_of[scope.id] = found

    # Text.

    def _callee(self, target: str) -> str:
        if target.startswith(_OWN):
            return target.removeprefix(_OWN)
        prefix, alias = next(pair for pair in _LIBRARIES if target.startswith(pair[0]))
        return alias + target.removeprefix(prefix)

    def _class(self, made: Class) -> str:
        writer = Writer(made, self.class_of, self._callee)
        return ClassText(
            made, writer, functools.partial(self._doc, made), functools.partial(self._last, made), self.begun
        ).text()

    def _last(self, made: Class) -> Iterator[str]:
        if made.scopes[0].kind == "model":
            yield from after_init(self.graph, self.begun)

    def _doc(self, made: Class) -> str:
        scope = made.scopes[0]
        if scope.kind != "model":
            return takes_and_gives(made)
        takes = ", ".join(f"{parameter.name} {parameter.type}" for parameter in scope.parameters)
        gives = ", ".join(shapes_of([str(output.type) for output in self.graph.outputs]))
        said = re.sub(r"\s+", " ", self.graph.description).strip().replace("\\", "\\\\").replace('"', "'")
        return (said.rstrip(".") + ". " if said else "") + f"Takes {takes}; gives {gives}."

    def _helpers(self, generator: Generator) -> Iterator[str]:
        for helper in generator.helpers.values():
            yield helper.strip("\n")
        own = sorted({call.op.target for call in self.graph.calls() if call.op.target.startswith(_OWN)})
        for target in own:
            yield inspect.getsource(torch_class(target)).strip("\n")

    def _head(self, body: str) -> str:
        imports = [
            ("from collections import OrderedDict\n", "OrderedDict("),
            ("import einops\n", "einops."),
            ("import torch\n", "torch."),
            ("import torch.nn.functional as F\n", "F."),
            ("import torchvision\n", "torchvision."),
            ("from torch import nn\n", "nn."),
        ]
        used = [line for line, sign in imports if _is_used(sign, body)]
        tools = ", ".join(name for name in ("partial", "reduce") if _is_used(f"{name}(", body))
        standard = [line for line in used if line.startswith("from collections")]
        standard += [f"from functools import {tools}\n"] if tools else []
        used = [*standard, *(["\n"] if standard else []), *(line for line in used if line not in standard)]
        return f'"""{self.title}"""\n\n{_ANY if _RETURNS_ANY.search(body) else ""}' + "".join(used) + "\n\n"


def _is_used(sign: str, body: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(sign)}", body) is not None


def _fits(made: Class, shapes: Mapping[str, Hashable]) -> bool:
    """Whether an instance can be one of a class."""
    required = {child for child in {*made.shapes, *shapes} if child not in made.optional}
    if not required <= made.shapes.keys() & shapes.keys():
        return False
    for child, shape in shapes.items():
        others = made.shapes.get(child, set())
        if not all(are_alike(shape, other) for other in others) and not are_runs([shape, *others]):
            return False
    return True
