"""Construction trees as Python text, broken over lines where they are long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.emit.compiled import torch_class
from archspec.emit.forward import INDENT
from archspec.emit.python.construct import Argument, Code, Group, Instance, Layer, Tensor, Tree
from archspec.emit.python.likeness import said
from archspec.emit.python.parameters import MISSING, Class, Parameter, arguments_of
from archspec.ops.entry import Init

WIDTH = 100
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(slots=True)
class Writer:
    """Writes the expressions by which the instances of one class make a child.

    Attributes:
        own: the class whose `__init__` is written.
        class_of: the class of each scope that has one.
        callee: how the file calls a layer, from its target.
    """

    own: Class
    class_of: Mapping[int, Class]
    callee: Callable[[str], str]

    def expression(self, name: str, trees: Sequence[Tree | None]) -> list[str]:
        """The lines of the expression that makes a child; `trees` are the same place in every instance."""
        present = [tree for tree in trees if tree is not None]
        first = present[0]
        if isinstance(first, Group):
            return self._group(first, name, trees)
        if isinstance(first, Tensor):
            return [self._tensor(first, name, trees)]
        return self._call(first, name, trees)

    def _call(self, first: Layer | Instance, name: str, trees: Sequence[Tree | None]) -> list[str]:
        if isinstance(first, Layer) and any(isinstance(tree, Layer) and tree.target != first.target for tree in trees):
            return self._of_several_classes(first, name, trees)
        callee = self.callee(first.target) if isinstance(first, Layer) else self.class_of[first.scope.id].name
        written = []
        for argument, value in self._values(name, trees):
            text = literal(value)
            if argument.required:
                written.append(text)
            elif isinstance(value, Parameter) or not _is_default(value, argument.default):
                written.append(f"{argument.name}={text}")
        return bracketed(f"{callee}(", [[item] for item in written], ")")

    def _of_several_classes(self, first: Layer, name: str, trees: Sequence[Tree | None]) -> list[str]:
        """A layer whose class is a parameter, an activation say; its arguments are the same in all instances."""
        kinds = tuple(Code(self.callee(tree.target)) if isinstance(tree, Layer) else MISSING for tree in trees)
        targets = {tree.target for tree in trees if isinstance(tree, Layer)}
        are_activations = all(torch_class(target).__module__.endswith(".activation") for target in targets)
        kind = self.own.value("activation" if are_activations else f"{name}_layer", name, kinds)
        written = ", ".join(f"{argument.name}={literal(argument.value)}" for argument in said(first))
        return [f"{literal(kind)}({written})"]

    def _values(self, owner: str, trees: Sequence[Tree | None]) -> list[tuple[Argument, Any]]:
        """Each argument with its value, or the parameter of the class that gives it."""
        rows = [None if tree is None else arguments_of(tree, self.class_of) for tree in trees]  # type: ignore[arg-type]
        known = next(row for row in rows if row is not None)
        made = []
        for index, argument in enumerate(known):
            values = tuple(MISSING if row is None else row[index].value for row in rows)
            unused = all(value is MISSING for value in values)
            made.append((argument, argument.stand_in if unused else self.own.value(argument.name, owner, values)))
        return made

    def value_of(self, owner: str, trees: Sequence[Tree | None]) -> dict[str, str]:
        """A bare tensor's arguments as text, by name."""
        return {argument.name: literal(value) for argument, value in self._values(owner, trees)}

    def _tensor(self, first: Tensor, name: str, trees: Sequence[Tree | None]) -> str:
        if first.made:
            return first.made
        given = {argument.name: value for argument, value in self._values(name, trees)}
        if first.kind == "Parameter":
            return f"nn.Parameter({_filled(_sizes(given['shape']), self._fill(name, trees))})"
        dtype = "" if given["dtype"] == "float32" else f", dtype=torch.{given['dtype']}"
        if given["values"] is not None:
            dtype = dtype or f", dtype=torch.{given['dtype']}"
            return f"torch.tensor({_nested(given['values'])}{dtype})"
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

    def _group(self, first: Group, name: str, trees: Sequence[Tree | None]) -> list[str]:
        rows: list[list[str]] = []
        for index in range(len(first.children)):
            column = [tree.children[index] if isinstance(tree, Group) else None for tree in trees]
            label = first.names[index] if first.names is not None else str(index)
            rows.append(self.expression(label if not label.isdigit() else name, column))
        if first.kind == "ModuleDict":
            return _dict(first.names or (), rows)
        if first.kind == "ModuleList":
            return _list(rows)
        if first.names is None:
            return bracketed("nn.Sequential(", rows, ")")
        pairs = [_labelled(f'("{label}", ', row, ")") for label, row in zip(first.names, rows, strict=True)]
        inner = bracketed("OrderedDict([", pairs, "])")
        return bracketed("nn.Sequential(", [inner], ")")


def _labelled(before: str, lines: list[str], after: str) -> list[str]:
    return [before + lines[0], *lines[1:-1], lines[-1] + after] if len(lines) > 1 else [before + lines[0] + after]


def bracketed(opening: str, items: Sequence[Sequence[str]], closing: str) -> list[str]:
    """Items between brackets, on one line where they fit, else one under the other."""
    if all(len(item) == 1 for item in items):
        line = opening + ", ".join(item[0] for item in items) + closing
        if len(line) <= WIDTH - 24:
            return [line]
    lines = [opening]
    for item in items:
        lines += [INDENT + line for line in item[:-1]]
        lines.append(f"{INDENT}{item[-1]},")
    return [*lines, closing]


def _runs(rows: Sequence[list[str]]) -> list[tuple[list[str], int]]:
    runs: list[tuple[list[str], int]] = []
    for row in rows:
        if runs and runs[-1][0] == row:
            runs[-1] = (row, runs[-1][1] + 1)
        else:
            runs.append((row, 1))
    return runs


def _list(rows: Sequence[list[str]]) -> list[str]:
    """`nn.ModuleList(Block(64) for _ in range(3))`, or the elements one by one."""
    runs = _runs(rows)
    if len(runs) == 1 and runs[0][1] > 1:
        row, count = runs[0]
        return _loop("nn.ModuleList(", row, f"for _ in range({count})", ")")
    items = [row if count == 1 else _loop("*(", row, f"for _ in range({count})", ")") for row, count in runs]
    return bracketed("nn.ModuleList([", items, "])")


def _loop(opening: str, row: list[str], loop: str, closing: str) -> list[str]:
    if len(row) == 1 and len(line := f"{opening}{row[0]} {loop}{closing}") <= WIDTH - 24:
        return [line]
    return [opening, *(INDENT + line for line in row), INDENT + loop, closing]


def _dict(names: Sequence[str], rows: Sequence[list[str]]) -> list[str]:
    runs = _runs(rows)
    found = [_NUMBERED.fullmatch(name) for name in names]
    if len(runs) == 1 and len(names) > 1 and all(found):
        stems = {match[1] for match in found if match}
        numbers = [int(match[2]) for match in found if match]
        first = numbers[0]
        plain = all(str(int(match[2])) == match[2] for match in found if match)
        if len(stems) == 1 and plain and numbers == list(range(first, first + len(numbers))):
            where = f"{first}, {first + len(numbers)}" if first else f"{len(numbers)}"
            key = f'f"{stems.pop()}{{index}}": '
            return _loop("nn.ModuleDict({", _labelled(key, rows[0], ""), f"for index in range({where})", "})")
    items = [_labelled(f'"{name}": ', row, "") for name, row in zip(names, rows, strict=True)]
    return bracketed("nn.ModuleDict({", items, "})")


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


def _nested(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return literal(value)
