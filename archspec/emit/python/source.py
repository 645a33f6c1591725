"""The whole file: its imports, helpers, classes with their `__init__`, and the initialisation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archspec.emit.classes import Generator
from archspec.emit.compiled import torch_class
from archspec.emit.forward import INDENT
from archspec.emit.names import attribute
from archspec.emit.python.construct import Tensor, Tree, children
from archspec.emit.python.initial import FUNCTION, after_init, call_of, initializer
from archspec.emit.python.likeness import are_alike, shape_of
from archspec.emit.python.parameters import Class
from archspec.emit.python.quotes import double_quoted
from archspec.emit.python.text import WIDTH, Writer, bracketed
from archspec.errors import Diagnostic, UsageError
from archspec.graph.nodes import Graph, Scope

_LIBRARIES = (("torch.nn.", "nn."), ("torchvision.ops.", "torchvision.ops."))
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

    def text(self) -> str:
        self._refuse_registered()
        generator = Generator.of(self.graph, comments=True)
        generator.names.allocate(FUNCTION)
        for scope, wish, forward in generator.written():
            self._place(scope, wish, forward, generator)
        texts = [self._class(made) for made in self.classes]
        body = "\n\n\n".join([*self._helpers(generator), *generator.functions, *initializer(self.graph), *texts])
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
        trees = children(scope, lambda inner: inner.id in self.class_of, generator.values)
        shapes = {child: shape_of(tree, self.class_of) for child, tree in trees.items()}
        like = (made for made in self.classes if (made.wish, made.forward) == (wish, forward))
        found = next((made for made in like if _fits(made, shapes)), None)
        if found is None:
            optional = generator.optional.get(scope.block or "", frozenset())
            name = generator.model if scope is self.graph.root else generator.names.allocate(wish)
            found = Class(name, wish, forward, [], [], optional, is_chain=generator.is_plain_chain(scope))
            self.classes.append(found)
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
        is_numbered = _is_numbered(made)
        lines: list[str] = []
        if is_numbered:
            rows = [writer.expression("layer", trees) for _, trees in made.children()]
            lines += bracketed("super().__init__(", rows, ")")
        else:
            lines.append("super().__init__()")
            for name, trees in made.children():
                lines += self._child(writer, made, name, trees)
        lines += [f"{attribute('self', name)} = None" for name in sorted(made.never)]
        if made.scopes[0].kind == "model":
            lines += after_init(self.graph, self.begun)
        listed = "".join(f", {parameter.name}: {parameter.type}" for parameter in made.parameters)
        head = f"{INDENT}def __init__(self{listed}) -> None:"
        if len(head) > WIDTH:
            each = ["self", *(f"{parameter.name}: {parameter.type}" for parameter in made.parameters)]
            inner = ", ".join(each)
            if len(INDENT * 2 + inner) > WIDTH:
                inner = f",\n{INDENT * 2}".join(each) + ","
            head = f"{INDENT}def __init__(\n{INDENT * 2}{inner}\n{INDENT}) -> None:"
        body = "\n".join([head, *(INDENT * 2 + line for line in lines)])
        doc = f'{INDENT}"""{self._doc(made)}"""\n'
        if not is_numbered:
            return f"class {made.name}(nn.Module):\n{doc}\n{body}\n\n" + made.forward.rstrip("\n")
        forward = re.sub(r"getattr\(self, '(\d+)'\)", r"self[\1]", made.forward.rstrip("\n"))
        is_inherited = made.is_chain and made.scopes[0].kind != "model"
        return f"class {made.name}(nn.Sequential):\n{doc}\n{body}" + ("" if is_inherited else f"\n\n{forward}")

    def _child(self, writer: Writer, made: Class, name: str, trees: Sequence[Tree | None]) -> Iterator[str]:
        lines = writer.expression(name, trees)
        present = next(tree for tree in trees if tree is not None)
        if None in trees:
            condition = made.presence(name).name
            lines = [*lines[:-1], f"{lines[-1]} if {condition} else None"]
        target = attribute("self", name)
        if isinstance(present, Tensor) and present.kind == "Buffer":
            persistent = writer.value_of(name, trees)["persistent"]
            extra = "" if persistent == "True" else f", persistent={persistent}"
            yield f'self.register_buffer("{name}", {lines[0]}{extra})'
        elif isinstance(present, Tensor) and target.startswith("getattr"):
            yield f'self.register_parameter("{name}", {lines[0]})'
        elif target.startswith("getattr"):
            lines = [f'self.add_module("{name}", {lines[0]}', *lines[1:]]
            yield from [*lines[:-1], lines[-1] + ")"]
        else:
            yield from [f"{target} = {lines[0]}", *lines[1:]]
            yield from self._begin(target, trees)

    def _begin(self, target: str, trees: Sequence[Tree | None]) -> Iterator[str]:
        """How a bare parameter begins, where it does so alike in all instances of its class."""
        bare = [tree for tree in trees if isinstance(tree, Tensor) and tree.init is not None]
        inits = [tree.init for tree in bare]
        if bare and len(bare) == len(trees) and all(init == inits[0] for init in inits) and inits[0] is not None:
            self.begun.update(tree.path for tree in bare)
            yield call_of(inits[0], target)

    def _doc(self, made: Class) -> str:
        scope = made.scopes[0]
        if scope.kind != "model":
            return f"The block `{scope.block}`." if scope.block else f"The layers of `{scope.path}`."
        takes = ", ".join(f"{parameter.name} {parameter.type}" for parameter in scope.parameters)
        gives = ", ".join(str(output.type) for output in self.graph.outputs)
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
            ("from functools import partial\n", "partial("),
            ("import einops\n", "einops."),
            ("import torch\n", "torch."),
            ("import torch.nn.functional as F\n", "F."),
            ("import torchvision\n", "torchvision."),
            ("from torch import nn\n", "nn."),
        ]
        used = [line for line, sign in imports if re.search(rf"(?<![\w.]){re.escape(sign)}", body)]
        standard = [line for line in used if line.startswith(("from collections", "from functools"))]
        used = [*standard, *(["\n"] if standard else []), *used[len(standard) :]]
        return f'"""{self.title}"""\n\n' + "".join(used) + "\n\n"


def _fits(made: Class, shapes: Mapping[str, Hashable]) -> bool:
    """Whether an instance can be one of a class."""
    required = {child for child in {*made.shapes, *shapes} if child not in made.optional}
    if not required <= made.shapes.keys() & shapes.keys():
        return False
    return all(are_alike(shape, other) for child, shape in shapes.items() for other in made.shapes.get(child, ()))


def _is_numbered(made: Class) -> bool:
    """Whether all that a class makes is what an `nn.Sequential` makes of its arguments."""
    names = made.child_names()
    layers = (tree for trees in made.trees for tree in trees.values())
    complete = all(len(trees) == len(names) for trees in made.trees) and not made.never
    return (
        bool(names)
        and names == list(map(str, range(len(names))))
        and complete
        and not any(isinstance(tree, Tensor) for tree in layers)
    )
