"""The text of one class: its `__init__`, and the `forward` that its instances share."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from archspec.emit.forward import INDENT
from archspec.emit.names import Names, attribute
from archspec.emit.python.construct import Group, Tensor, Tree
from archspec.emit.python.folding import folded
from archspec.emit.python.initial import call_of
from archspec.emit.python.layout import (
    WIDTH,
    Brackets,
    Choice,
    Doc,
    Loop,
    Prefixed,
    flat,
    is_joined_by_others,
    laid_out,
)
from archspec.emit.python.loops import unrolled
from archspec.emit.python.parameters import Class, annotation
from archspec.emit.python.relations import MISSING, Parameter
from archspec.emit.python.statements import Line, broken, parted, shown
from archspec.emit.python.text import Writer, literal

_DEPTH = 2 * len(INDENT)


@dataclass(slots=True)
class ClassText:
    """Writes one class.

    Attributes:
        made: the class.
        writer: of the expressions that make its children.
        doc: makes its docstring, when its parameters are known.
        last: the last lines of its `__init__`, known when its children are.
        begun: told of the parameters that the class initialises.
    """

    made: Class
    writer: Writer
    doc: Callable[[], str]
    last: Callable[[], Iterator[str]]
    begun: set[str]
    _attributes: dict[str, str] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _lists: int = 0

    def text(self) -> str:
        """The class as it stands in the file."""
        made = self.made
        for name, trees in sorted(made.children(), key=_is_bare):
            self._child(name, trees)  # once for the parameters' names, which are the layers' first of all
        self._names = Names({*_OF_MODULES, *made.child_names()})
        is_numbered = _is_numbered(made)
        forward = list(self._forward(is_numbered))
        self._lists = 0
        lines: list[str] = []
        if is_numbered:
            rows = [self.writer.expression("layer", trees) for _, trees in made.children()]
            lines += _statement("", Brackets("super().__init__(", tuple(unrolled(rows))))
        children = [] if is_numbered else list(made.children())
        lines += [] if is_numbered else ["super().__init__()"]
        lines += [f"self.{name} = {text}" for text, name in self._attributes.items()]
        for name, trees in children:
            lines += self._child(name, trees)
        lines += (part for line in self.last() for part in _wrapped(line))
        made.parameters.sort(key=_place)
        base = "nn.Sequential" if is_numbered else "nn.Module"
        init = [] if lines == ["super().__init__()"] else [*_signature(made), *(INDENT + line for line in lines), ""]
        if is_numbered and made.is_chain and made.scopes[0].kind != "model":
            forward, init = [], init[:-1]
        typed = [f"{name}: torch.Tensor" for name, trees in children if _is_buffer(trees) and name.isidentifier()]
        body = [*_docstring(self.doc()), "", *typed, *([""] if typed else []), *init, *forward]
        return "\n".join([f"class {made.name}({base}):", *(f"{INDENT}{line}".rstrip() for line in body)])

    # The forward.

    def _forward(self, is_numbered: bool) -> Iterator[str]:
        functions = [tuple(self._known(line) for line in function) for function in self.made.functions]
        lines = folded(functions, self.made.absent, self._value, self._condition)
        inner = (replace(line, indent=line.indent[len(INDENT) :]) for whole in lines for line in _asked(whole))
        for text in shown(inner, WIDTH - len(INDENT)):
            yield re.sub(r"getattr\(self, '(\d+)'\)", r"self[\1]", text) if is_numbered else text

    def _known(self, line: Line) -> Line:
        """A line without the question whether a layer is there, where no instance or every one has it."""
        if line.entry not in self.made.optional or " if self." not in line.code:
            return line
        there = [line.entry in trees for trees in self.made.trees]
        before, value = parted(line.code)
        if not any(there):
            return replace(line, code=before + value.split(" if self.")[0])
        return replace(line, code=before + value.split(" else ", 1)[1]) if all(there) else line

    def _value(self, name: str, values: tuple[Any, ...]) -> str:
        text = literal(self.made.value(name, name, values))
        wish = text if text.isidentifier() else name
        return f"self.{self._attribute(text, wish, f'{wish}_size')}"

    def _condition(self, name: str, there: tuple[bool, ...]) -> str:
        text = self.made.presence(name, there)
        return f"self.{self._attribute(text, self.made.wish_of(name), f'has_{name}')}"

    def _attribute(self, text: str, *wishes: str) -> str:
        """The attribute that holds what an expression of the class's parameters gives."""
        if text not in self._attributes:
            self._attributes[text] = self._names.allocate(*wishes)
        return self._attributes[text]

    # The children.

    def _child(self, name: str, trees: Sequence[Tree | None]) -> list[str]:
        if len({tree.keys for tree in trees if isinstance(tree, Group) and tree.names is None}) > 1 and any(
            isinstance(tree, Group) and len(tree.children) != len(trees[0].children)  # type: ignore[union-attr]
            for tree in trees
        ):
            return self._listed(name, trees)
        doc = self.writer.expression(name, trees)
        present = next(tree for tree in trees if tree is not None)
        if None in trees:
            doc = Choice(doc, self.made.presence(name, tuple(tree is not None for tree in trees)))
        target = attribute("self", name)
        if isinstance(present, Tensor) and present.kind == "Buffer":
            persistent = self.writer.value_of(name, trees)["persistent"]
            extra = () if persistent == "True" else (f"persistent={persistent}",)
            return _statement("", Brackets("self.register_buffer(", (f'"{name}"', doc, *extra)))
        if target.startswith("getattr"):
            how = "register_parameter" if isinstance(present, Tensor) else "add_module"
            return _statement("", Brackets(f"self.{how}(", (f'"{name}"', doc)))
        return [*_assigned(target, doc), *self._begin(target, trees)]

    def _listed(self, name: str, trees: Sequence[Tree | None]) -> list[str]:
        """A sequence of which some instances have other entries than others."""
        groups = [dict(zip(tree.keys, tree.children, strict=True)) for tree in trees if isinstance(tree, Group)]
        self._lists += 1
        layers = "layers" if self._lists == 1 else f"layers{self._lists}"
        lines = [f"{layers}: list[nn.Module] = []"]
        for key in sorted({key for group in groups for key in group}):  # type: ignore[type-var]
            column = [group.get(key) for group in groups]
            append = _statement(f"{layers}.append(", self.writer.expression(name, column), ")")
            if None in column:
                there = tuple(tree is not None for tree in column)
                condition = self.made.presence(f"{name}_{len(lines)}", there)
                append = [f"if {condition}:", *(INDENT + line for line in append)]
            lines += append
        target = attribute("self", name)
        made = f"nn.Sequential(*{layers})"
        return [*lines, f'self.add_module("{name}", {made})' if "(" in target else f"{target} = {made}"]

    def _begin(self, target: str, trees: Sequence[Tree | None]) -> Iterator[str]:
        """How a bare parameter begins, where it does so alike in all instances of its class."""
        bare = [tree for tree in trees if isinstance(tree, Tensor) and tree.init is not None]
        inits = [tree.init for tree in bare]
        if bare and len(bare) == len(trees) and all(init == inits[0] for init in inits) and inits[0] is not None:
            self.begun.update(tree.path for tree in bare)
            yield call_of(inits[0], target)


def _place(parameter: Parameter) -> tuple[bool, bool, bool]:
    """Where a parameter stands: those without a default first, of which what comes in first and switches last."""
    is_switch = type(parameter.stand_in) is bool
    return parameter.default is not MISSING, is_switch, not parameter.name.startswith("in_")


def _asked(line: Line) -> Iterator[Line]:
    """A line that leaves a variable as it is without a layer as a statement under a question."""
    found = re.fullmatch(r"(\w+) = \1 if (self\.\w+) is None else (.*)", line.code)
    if found is None:
        yield line
    else:
        yield Line(line.indent, f"if {found[2]} is not None:")
        yield replace(line, indent=line.indent + INDENT, code=f"{found[1]} = {found[3]}")


def _assigned(target: str, doc: Doc) -> list[str]:
    """The statements that make a child: several where one would have to be broken inside a call."""
    if not is_joined_by_others(Prefixed(f"{target} = ", doc), WIDTH - _DEPTH):
        return _statement(f"{target} = ", doc)
    if isinstance(doc, Choice):
        made = _statement(f"{target} = ", doc.value)
        return [f"{target}: nn.Module | None = None", f"if {doc.condition}:", *(INDENT + line for line in made)]
    loop = doc.items[0] if isinstance(doc, Brackets) and len(doc.items) == 1 else None
    if isinstance(loop, Loop) and loop.opening == "{" and isinstance(loop.item, Prefixed):
        made = _statement(f"{target}[{loop.item.before.removesuffix(': ')}] = ", loop.item.doc)
        return [f"{target} = nn.ModuleDict()", f"{flat(loop.over)}:", *(INDENT + line for line in made)]
    return _statement(f"{target} = ", doc)


def _statement(before: str, doc: Doc, after: str = "") -> list[str]:
    """The lines of a statement in an `__init__`."""
    whole = Brackets(before, (doc,), after) if after else Prefixed(before, doc)
    return laid_out(whole, WIDTH - _DEPTH)


def _wrapped(line: str) -> list[str]:
    code = line.lstrip()
    indent = line[: len(line) - len(code)]
    return [indent + part for part in broken(code, WIDTH - _DEPTH - len(indent))]


def _is_buffer(trees: Sequence[Tree | None]) -> bool:
    return any(isinstance(tree, Tensor) and tree.kind == "Buffer" for tree in trees)


def _signature(made: Class) -> list[str]:
    listed = []
    for parameter in made.parameters:
        default = "" if parameter.default is MISSING else f" = {literal(parameter.default)}"
        listed.append(f"{parameter.name}: {annotation(parameter)}{default}")
    return laid_out(Brackets("def __init__(", ("self", *listed), ") -> None:"), WIDTH - len(INDENT))


def _docstring(text: str) -> list[str]:
    whole = re.sub(r"\[[^\]]*\]", lambda shape: shape[0].replace(" ", _NO_BREAK), text)
    room = WIDTH - len(INDENT) - 6
    first, *others = (
        line.replace(_NO_BREAK, " ")
        for line in textwrap.wrap(whole, room, break_on_hyphens=False, break_long_words=False)
    )
    if not others:
        return [f'"""{first}"""']
    return [f'"""{first}', *others, '"""']


_NO_BREAK = "\0"


def _is_bare(child: tuple[str, Sequence[Tree | None]]) -> bool:
    return any(isinstance(tree, Tensor) for tree in child[1])


def _is_numbered(made: Class) -> bool:
    """Whether all that a class makes is what an `nn.Sequential` makes of its arguments."""
    names = made.child_names()
    layers = (tree for trees in made.trees for tree in trees.values())
    complete = all(len(trees) == len(names) for trees in made.trees)
    return (
        bool(names)
        and names == list(map(str, range(len(names))))
        and complete
        and not any(isinstance(tree, Tensor) for tree in layers)
    )


_OF_MODULES = frozenset(dir(nn.Module()))
