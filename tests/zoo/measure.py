"""How long a spec is, and how long the module that it replaces.

Both sides are counted without comments, docstrings and blank lines; names, types and indentation count.

- A spec: its YAML, the `train` section left out, with each file that it extends and the blocks and defaults of each
  that it imports.
- A module: the classes of which the network is made, as far as torchvision.models or tests/zoo define them (layers of
  torch and of torchvision.ops are in both languages' libraries), the functions, constants and further classes there
  that these name, and the functions that hold its numbers. Of an `if` that chooses between members of the family, only
  the taken branch counts. With them count the lines that import what they need of torch, as short as they can be.
  Other imports, weights, and the functions that only call the constructor do not count.
"""

from __future__ import annotations

import ast
import copy
import importlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml
from torch import nn

from archspec.source.zoo_index import zoo_files

_OURS = ("torchvision.models", "tests.zoo")


def yaml_length(path: Path) -> int:
    """Characters of a spec, of all that it extends, and of the blocks that it imports."""
    text = path.read_text()
    content = yaml.safe_load(text)
    extended = [_named(content["extends"], path)] if "extends" in content else []
    imported = sum(
        len(_bare_yaml(_named(name, path).read_text(), ("blocks", "defaults"))) for name in content.get("import", [])
    )
    return len(_bare_yaml(text)) + imported + sum(map(yaml_length, extended))


def _named(name: str, whose: Path) -> Path:
    return Path(zoo_files()[name.removeprefix("zoo:")]) if name.startswith("zoo:") else whose.parent / name


def _bare_yaml(text: str, only: tuple[str, ...] = ()) -> str:
    lines, section = [], ""
    for line in text.splitlines():
        if line[:1].strip(" }#"):
            section = line.split(":")[0]
        code = "" if line.lstrip().startswith("#") else line.split(" #")[0].rstrip()
        if code and section != "train" and (not only or section in only):
            lines.append(code)
    return "\n".join(lines) + "\n"


def module_length(
    model: nn.Module, *, numbers: tuple[str, ...] = (), member: str = "", parts: tuple[type[nn.Module], ...] = ()
) -> int:
    """Characters of the hand-written module.

    Args:
        model: an instance.
        numbers: functions of its file that hold the member's numbers.
        member: the string by which the code tells this member of the family from the others.
        parts: classes of which an instance was taken to pieces on the way.
    """
    kinds = [kind for made in (*map(type, model.modules()), *parts) for kind in made.__mro__]
    found = _Definitions({kind.__name__ for kind in kinds}, member)
    for kind in kinds:
        found.add(kind.__module__, kind.__name__)
    for name in numbers:
        found.add(type(model).__module__, name)
    return sum(len(text) + 1 for text in (*torch_imports(found.texts.values()), *found.texts.values()))


def torch_imports(texts: Iterable[str]) -> list[str]:
    """The import statements without which the definitions do not run."""
    used = {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    members = ", ".join(name for name in ("nn", "Tensor") if name in used)
    lines = {"torch": "import torch", "F": "import torch.nn.functional as F"}
    return [
        *(line for name, line in lines.items() if name in used),
        *([f"from torch import {members}"] if members else []),
    ]


class _Definitions:
    """The definitions that are needed, by file and name, as bare text."""

    def __init__(self, layers: set[str], member: str) -> None:
        self.texts: dict[tuple[str, str], str] = {}
        self._layers = layers
        self._member = member

    def add(self, module: str, name: str) -> None:
        """Take a definition and all that it names."""
        if not module.startswith(_OURS) or (module, name) in self.texts:
            return
        node = _top_level(module).get(name)
        if node is None:
            return
        if isinstance(node, ast.ImportFrom):
            parent = module.rsplit(".", node.level)[0] if node.level else ""
            self.add(".".join(part for part in (parent, node.module) if part), name)
            return
        made = getattr(importlib.import_module(module), name, None)
        if isinstance(made, type) and issubclass(made, nn.Module) and name not in self._layers:
            return
        bare = ast.fix_missing_locations(_Bare(self._member).visit(copy.deepcopy(node)))
        self.texts[module, name] = ast.unparse(bare)
        for inner in ast.walk(bare):
            if isinstance(inner, ast.Name):
                self.add(module, inner.id)


@cache
def _top_level(module: str) -> dict[str, ast.stmt]:
    importlib.import_module(module)
    tree = ast.parse(Path(str(sys.modules[module].__file__)).read_text())
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update((target.id, node) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            found.update((alias.asname or alias.name, node) for alias in node.names)
    return found


class _Bare(ast.NodeTransformer):
    """Without docstrings, and without the branches that other members of the family take."""

    def __init__(self, member: str) -> None:
        self._member = member

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | ast.Pass | None:
        documents = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        logs = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "_log_api_usage_once"
        return None if documents or logs else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        constants = (part.value for part in ast.walk(node.test) if isinstance(part, ast.Constant))
        said = [value for value in constants if isinstance(value, str)]
        if not said or not self._member:
            return node
        return node.body if any(self._member.startswith(word) for word in said) else node.orelse
