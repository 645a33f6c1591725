"""Generated source into live classes that debuggers can show, and that pickle and copy like any others."""

from __future__ import annotations

import functools
import hashlib
import importlib
import linecache
import sys
import types
from collections.abc import Callable
from typing import Any, cast

from torch import nn

from archspec.emit.classes import Program, generate
from archspec.graph.nodes import Graph


@functools.lru_cache(maxsize=256)
def program(graph: Graph) -> Program:
    """The generated program of a graph, made once."""
    return generate(graph)


_modules: dict[str, types.ModuleType] = {}


def classes(graph: Graph) -> types.ModuleType:
    """The Python module that holds the generated classes of a graph; graphs with the same text share it.

    What runs here is archspec's own text: identifiers come from one allocator and literals from `repr` of checked
    values, so that no string of a spec becomes code.
    """
    source = program(graph).source
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    name = f"archspec.compiled.{graph.name}_{digest}"
    if name not in _modules:
        _modules[name] = _loaded(graph, source, name, f"<archspec {graph.name} {digest}>")
    return _modules[name]


def _loaded(graph: Graph, source: str, name: str, filename: str) -> types.ModuleType:
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = types.ModuleType(name)
    module.__file__ = filename
    sys.modules[name] = module  # where `inspect.getsource` looks for a class's text
    exec(compile(source, filename, "exec"), module.__dict__)
    for class_name in dict.fromkeys(program(graph).classes.values()):
        made = getattr(module, class_name)
        made.__reduce_ex__ = _reducer(graph, class_name)
    return module


def _reducer(graph: Graph, class_name: str) -> Callable[[nn.Module, Any], tuple[Any, ...]]:
    """How an instance of a generated class pickles: as its graph, its class's name, and its state."""

    def reduce(self: nn.Module, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (graph, class_name), self.__dict__

    return reduce


def _rebuild(graph: Graph, class_name: str) -> nn.Module:
    made = cast(type[nn.Module], getattr(classes(graph), class_name))
    return made.__new__(made)


@functools.cache
def torch_class(target: str) -> type[nn.Module]:
    """The class that a catalogue entry names. Targets come from the catalogue only, never from a spec."""
    module, _, name = target.rpartition(".")
    return cast(type[nn.Module], getattr(importlib.import_module(module), name))
