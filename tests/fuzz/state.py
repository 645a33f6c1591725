"""What a module's state holds, and in which order, as the interpreter knows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from tests.fuzz.interpret import Interpreter


@dataclass
class _Module:
    """A module that is made of entries: its parameters, its buffers, and what it holds in its turn."""

    parameters: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    children: dict[str, _Module | nn.Module] = field(default_factory=dict)


def state_names(interpreter: Interpreter) -> list[str]:
    """The names of the state dict, in torch's order: a module's parameters, its buffers, then its children. These
    stand as they were made, but for those that a block's `order` names first."""
    root = _Module()
    for path in interpreter.born:
        parent, _, name = path.rpartition(".")
        around = _inside(root, parent)
        if path in interpreter.modules:
            around.children[name] = interpreter.modules[path]
        elif isinstance(interpreter.tensors[path], nn.Parameter):
            around.parameters.append(name)
        elif path not in interpreter.transient:
            around.buffers.append(name)
    return list(_names(root, "", interpreter.orders))


def _inside(root: _Module, path: str) -> _Module:
    for name in path.split(".") if path else ():
        found = root.children.setdefault(name, _Module())
        assert isinstance(found, _Module)
        root = found
    return root


def _names(module: _Module, path: str, orders: dict[str, list[str]]) -> Iterator[str]:
    first = orders.get(path, [])
    prefix = f"{path}." if path else ""

    def place(name: str) -> int:
        return first.index(name) if name in first else len(first)

    yield from (f"{prefix}{name}" for name in sorted(module.parameters, key=place))
    yield from (f"{prefix}{name}" for name in sorted(module.buffers, key=place))
    for name in sorted(module.children, key=place):
        child = module.children[name]
        if isinstance(child, _Module):
            yield from _names(child, f"{prefix}{name}", orders)
        else:
            yield from (f"{prefix}{name}.{key}" for key in child.state_dict())
