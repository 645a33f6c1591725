"""Construction trees as Python text."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.emit.compiled import torch_class
from archspec.emit.python.construct import Argument, Code, Group, Instance, Layer, Tensor, Tree
from archspec.emit.python.layout import Brackets, Doc, Loop, Positional, Prefixed
from archspec.emit.python.likeness import said
from archspec.emit.python.loops import entries_of, list_of, pairs_of, unrolled
from archspec.emit.python.parameters import Class, arguments_of
from archspec.emit.python.relations import MISSING, Parameter
from archspec.emit.python.runs import common, ends_of
from archspec.ops.entry import Init


@dataclass(slots=True)
class Writer:
    """Writes the expressions by which the instances of one class make a child.

    Attributes:
        own: the class whose `__init__` is written.
        class_of: the class of each scope that has one.
        callee: how the file calls a layer, from its target.
        explicit: whether to write the defaults of the file's own classes, for the sake of a loop over all values.
    """

    own: Class
    class_of: Mapping[int, Class]
    callee: Callable[[str], str]
    explicit: bool = False

    def expression(self, name: str, trees: Sequence[Tree | None]) -> Doc:
        """The expression that makes a child; `trees` are the same place in every instance."""
        present = [tree for tree in trees if tree is not None]
        first = present[0]
        if isinstance(first, Group):
            return self._group(first, name, trees)
        if isinstance(first, Tensor):
            return self._tensor(first, name, trees)
        return self._call(first, name, trees)

    def _call(self, first: Layer | Instance, name: str, trees: Sequence[Tree | None]) -> Doc:
        if isinstance(first, Layer) and any(isinstance(tree, Layer) and tree.target != first.target for tree in trees):
            return self._of_several_classes(first, name, trees)
        callee = self.callee(first.target) if isinstance(first, Layer) else self.class_of[first.scope.id].name
        written: list[Doc] = []
        values = self._values(name, trees)
        alone = len(values) == 1 and isinstance(first, Instance) and type(values[0][0].value) is not bool
        for argument, value in values:
            if argument.required:
                written.append(Positional(literal(value), argument.name))
            elif isinstance(value, Parameter) or self._is_written(first, value, argument.default):
                text = literal(value)
                written.append(Positional(text, argument.name) if alone else f"{argument.name}={text}")
        return Brackets(f"{callee}(", tuple(written))

    def _is_written(self, first: Layer | Instance, value: Any, default: Any) -> bool:
        return not _is_default(value, default) or (self.explicit and isinstance(first, Instance))

    def _of_several_classes(self, first: Layer, name: str, trees: Sequence[Tree | None]) -> str:
        """A layer whose class is a parameter, an activation say; its arguments are the same in all instances."""
        kinds = tuple(Code(self.callee(tree.target)) if isinstance(tree, Layer) else MISSING for tree in trees)
        targets = {tree.target for tree in trees if isinstance(tree, Layer)}
        are_activations = all(torch_class(target).__module__.endswith(".activation") for target in targets)
        kind = self.own.value("activation" if are_activations else f"{name}_layer", name, kinds)
        written = ", ".join(f"{argument.name}={literal(argument.value)}" for argument in said(first))
        return f"{literal(kind)}({written})"

    def _values(self, owner: str, trees: Sequence[Tree | None]) -> list[tuple[Argument, Any]]:
        """Each argument with its value, or the parameter of the class that gives it."""
        rows = [None if tree is None else arguments_of(tree, self.class_of) for tree in trees]  # type: ignore[arg-type]
        known = next(row for row in rows if row is not None)
        made = []
        for index, argument in enumerate(known):
            values = tuple(MISSING if row is None else row[index].value for row in rows)
            unused = all(value is MISSING for value in values)
            default = MISSING if argument.required else argument.default
            given = argument.stand_in if unused else self.own.value(argument.name, owner, values, default)
            made.append((argument, given))
        return made

    def value_of(self, owner: str, trees: Sequence[Tree | None]) -> dict[str, str]:
        """A bare tensor's arguments as text, by name."""
        return {argument.name: literal(value) for argument, value in self._values(owner, trees)}

    def _tensor(self, first: Tensor, name: str, trees: Sequence[Tree | None]) -> Doc:
        if first.made:
            arguments = [value for argument, value in self._values(name, trees) if argument.name != "persistent"]
            return Brackets(f"{first.made}(", tuple(map(literal, arguments)))
        given = {argument.name: value for argument, value in self._values(name, trees)}
        if first.kind == "Parameter":
            return f"nn.Parameter({_filled(_sizes(given['shape']), self._fill(name, trees))})"
        dtype = "" if given["dtype"] == "float32" else f", dtype=torch.{given['dtype']}"
        if given["values"] is not None:
            return Brackets("torch.tensor(", (_nested(given["values"]), f"dtype=torch.{given['dtype']}"))
        shape, init = _sizes(given["shape"]), given["init"]
        if isinstance(init, Init) and init.function in ("zeros", "ones"):
            return f"torch.{init.function}({shape}{dtype})"
        if isinstance(init, Init) and init.function == "constant":
            number = init.arguments["val"] if dtype else float(init.arguments["val"])
            return f"torch.full(({shape},), {number!r}{dtype})"
        return f"torch.empty({shape}{dtype})"

    def _fill(self, name: str, trees: Sequence[Tree | None]) -> Any:
        """What a parameter is filled with at first: a number, or the parameter of the class that gives it, or None."""
        fills = tuple(tree.fill if isinstance(tree, Tensor) else MISSING for tree in trees)
        return self.own.value("fill", name, fills)

    def _repeated(self, name: str, groups: Sequence[Group]) -> Doc:
        """A list of copies, of which other instances have other numbers."""
        first, last = common(map(ends_of, groups)) or (0, 0)
        rows: list[Doc] = [self.expression(name, [group.children[at] for group in groups]) for at in range(first)]
        middle = [next(iter(group.children[first : len(group.children) - last]), None) for group in groups]
        count = self.own.count(name, tuple(len(group.children) for group in groups), first + last)
        item, over = self.expression(name, middle), f"for _ in range({count})"
        if not first + last:
            return Loop("nn.ModuleList(", item, over)
        rows.append(Prefixed("*", Loop("(", item, over)))
        rows += [self.expression(name, [group.children[-at] for group in groups]) for at in range(last, 0, -1)]
        return Brackets("nn.ModuleList(", (Brackets("[", tuple(rows), "]"),))

    def _group(self, first: Group, name: str, trees: Sequence[Tree | None]) -> Doc:
        groups = [tree for tree in trees if isinstance(tree, Group)]
        if len({len(group.children) for group in groups}) > 1:
            return self._repeated(name, groups)
        rows = self._rows(first, name, trees)
        if len(trees) == 1 and len(unrolled(rows)) > 1:
            self.explicit = True
            rows = min(rows, self._rows(first, name, trees), key=lambda each: len(unrolled(each)))
            self.explicit = False
        if first.kind == "ModuleDict":
            return Brackets("nn.ModuleDict(", (entries_of(first.names or (), rows),))
        if first.kind == "ModuleList":
            return list_of(rows)
        if first.names is None:
            return Brackets("nn.Sequential(", tuple(unrolled(rows)))
        return Brackets("nn.Sequential(", (_ordered(first.names, rows),))

    def _rows(self, first: Group, name: str, trees: Sequence[Tree | None]) -> list[Doc]:
        rows = []
        for index in range(len(first.children)):
            column = [tree.children[index] if isinstance(tree, Group) else None for tree in trees]
            label = first.names[index] if first.names is not None else str(index)
            rows.append(self.expression(label if not label.isdigit() else name, column))
        return rows


def _ordered(names: Sequence[str], rows: Sequence[Doc]) -> Doc:
    if all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        return Brackets("OrderedDict(", tuple(Prefixed(f"{name}=", row) for name, row in zip(names, rows, strict=True)))
    return Brackets("OrderedDict(", (Brackets("[", tuple(pairs_of(names, rows)), "]"),))


def literal(value: Any) -> str:
    """A value as Python source."""
    if isinstance(value, (Code, Parameter)):
        return value.text if isinstance(value, Code) else value.name
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if value.isprintable() else repr(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def _is_default(value: Any, default: Any) -> bool:
    if isinstance(value, Code) and isinstance(default, Code):
        return value.text == default.text
    return type(value) is type(default) and bool(value == default)


def _sizes(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(literal, value)) if value else "()"
    return f"*{literal(value)}"


def _filled(sizes: str, number: Any) -> str:
    if number is None:
        return f"torch.empty({sizes})"
    if sizes == "()":
        return f"torch.tensor({literal(number)})"
    if sizes.startswith("*") and "," not in sizes:
        sizes = sizes[1:]
        return f"torch.full({sizes}, {literal(number)})"
    if number in (0, 1) and not isinstance(number, Parameter):
        return f"torch.{'ones' if number else 'zeros'}({sizes})"
    return f"torch.full(({sizes}{',' if ',' not in sizes else ''}), {literal(number)})"


def _nested(value: Any) -> Doc:
    return Brackets("[", tuple(map(_nested, value)), "]") if isinstance(value, tuple) else literal(value)
