"""How the weights begin, where that is not as torch's layers begin by themselves; and which parameters are one."""

from __future__ import annotations

import itertools
import keyword
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence, Set

from torch import nn

from archspec.emit.compiled import torch_class
from archspec.emit.forward import INDENT
from archspec.emit.python.text import literal
from archspec.graph.nodes import Call, Graph
from archspec.ops.entry import Init, State

FUNCTION = "initialize"
_MANY = 4


def after_init(graph: Graph, begun: Container[str]) -> Iterator[str]:
    """The last lines of the model's `__init__`; `begun` are parameters that their own classes initialise."""
    if _by_kind(graph):
        yield f"self.apply({FUNCTION})"
    yield from _one_by_one(graph, begun)
    for call in graph.calls():
        for name, state in call.tensors:
            if state.tied:
                yield _tie(name, state.tied)
    frozen = [name for name, _ in _parameters(graph) if name in graph.frozen.parameters]
    if frozen:
        yield "for name in ("
        yield from (f'{INDENT}"{name}",' for name in frozen)
        yield "):"
        yield f"{INDENT}self.get_parameter(name).requires_grad_(False)"


def _one_by_one(graph: Graph, begun: Container[str]) -> Iterator[str]:
    """What begins by its name; many that begin alike and end alike in a loop over all parameters."""
    groups: dict[str, list[tuple[str, Init]]] = {}
    for name, init in _by_name(graph):
        if name not in begun:
            groups.setdefault(call_of(init, "parameter"), []).append((name, init))
    for call, group in groups.items():
        names = {name for name, _ in group}
        endings = _endings(graph, names)
        owner = _owner(graph, names)
        if len(group) >= _MANY and not endings and owner is not None:
            path, dims = owner
            yield f"for parameter in {_reach(path)}.parameters():"
            yield f"{INDENT}if parameter.dim() == {dims}:"
            yield f"{INDENT * 2}{call}"
            continue
        if len(group) < _MANY or not endings:
            yield from (call_of(init, _reach(name)) for name, init in group)
            continue
        listed = ", ".join(f'"{ending}"' for ending in endings)
        yield "for name, parameter in self.named_parameters():"
        yield f"{INDENT}if name.endswith({listed if len(endings) == 1 else f'({listed})'}):"
        yield f"{INDENT * 2}{call}"


def _endings(graph: Graph, names: Set[str]) -> list[str]:
    """A few endings that these parameters have and no other one; empty where there are none."""
    endings = list(dict.fromkeys("." + ".".join(name.split(".")[-2:]) for name in sorted(names)))
    ending = tuple(endings)
    everywhere = {name for name, state in _parameters(graph) if not state.is_buffer and name.endswith(ending)}
    return endings if everywhere == names and len(endings) <= _MANY else []


def _owner(graph: Graph, names: Set[str]) -> tuple[str, int] | None:
    """The module whose parameters of so many dimensions these are, all of them and no others."""
    columns = zip(*(name.split(".")[:-1] for name in names), strict=False)
    common = [column[0] for column in itertools.takewhile(lambda column: len(set(column)) == 1, columns)]
    shapes = {name: state.shape for name, state in _parameters(graph) if not state.is_buffer and not state.tied}
    dims = {len(shapes[name]) for name in names}
    if not common or len(dims) != 1:
        return None
    path, number = ".".join(common), dims.pop()
    inside = {name for name, shape in shapes.items() if name.startswith(f"{path}.") and len(shape) == number}
    return (path, number) if inside == names and _reach(path).startswith(f"self.{path}") else None


def _parameters(graph: Graph) -> Iterator[tuple[str, State]]:
    for call in graph.calls():
        yield from call.tensors


def initializer(graph: Graph) -> Iterator[str]:
    """The function that the model applies to each of its layers, if it needs one."""
    kinds = _by_kind(graph)
    if not kinds:
        return
    lines = [f"def {FUNCTION}(module: nn.Module) -> None:", f'{INDENT}"""Initialize the weights of a layer."""']
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for target, inits in kinds.items():
        body = list(_statements(target, inits))
        groups.setdefault("\n".join(body), ([], body))[0].append(target)
    for index, (targets, body) in enumerate(groups.values()):
        asked = _is_one_of(graph, targets)
        if len(groups) == 1 and len(body) == 2 and body[0].startswith("if "):
            asked += f" and {body[0].removeprefix('if ').removesuffix(':')}"
            body = [body[1].lstrip()]
        lines.append(f"{INDENT}{'elif' if index else 'if'} {asked}:")
        lines += (INDENT * 2 + line for line in body)
    yield "\n".join(lines)


def _statements(target: str, inits: Mapping[str, tuple[Init, bool]]) -> Iterator[str]:
    for name, (init, sometimes) in inits.items():
        call = call_of(init, f"module.{name}")
        if sometimes or (name == "bias" and "Conv" in target):  # which torch declares as a tensor or None
            yield f"if module.{name} is not None:"
            yield INDENT + call
        else:
            yield call


def _is_one_of(graph: Graph, targets: Sequence[str]) -> str:
    """The question whether a module is of one of these classes, and not of one that torch derives from them."""
    kinds = [torch_class(target) for target in targets]
    names = [target.replace("torch.nn.", "nn.") for target in targets]
    others = (torch_class(call.op.target) for call in graph.calls() if call.op.is_module and call.op.layer is None)
    derived = any(issubclass(other, kind) and other is not kind for other in others for kind in kinds)
    layers = [call.op.name for call in graph.calls() if call.op.is_module]
    inside = any("ttention" in name or "Transformer" in name for name in layers)  # which have Linears of their own kind
    if derived or (inside and nn.Linear in kinds):
        return " or ".join(f"type(module) is {name}" for name in names)
    return f"isinstance(module, {' | '.join(names)})"


def call_of(init: Init, tensor: str) -> str:
    """The statement that initialises a tensor."""
    arguments = "".join(f", {name}={literal(value)}" for name, value in init.arguments.items())
    return f"nn.init.{init.function}_({tensor}{arguments})"


def _reach(name: str) -> str:
    """The expression of a parameter."""
    if all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split(".")):
        return f"self.{name}"
    return f'self.get_parameter("{name}")'


def _tie(name: str, other: str) -> str:
    owner, _, own = name.rpartition(".")
    if _reach(name).startswith("self.get_"):
        return f'self.get_submodule("{owner}").{own} = {_reach(other)}'
    return f"{_reach(name)} = {_reach(other)}"


def _said(call: Call) -> Iterator[tuple[str, State, bool]]:
    """Each parameter, with whether it begins otherwise than its layer would have it."""
    default = call.op.state(call.args)
    for name, state in call.state.items():
        if not state.is_buffer and not state.tied:
            yield name, state, call.op.bare or state.init != default[name].init


def _layers(graph: Graph) -> Iterator[tuple[str, dict[str, tuple[State, bool]]]]:
    """Each layer's class and parameters, those of layers inside other ones too.

    A parameter comes with whether it begins otherwise than its layer would have it. One that a layer of layers has
    from a part of no kind is in none of them.
    """
    for call in graph.calls():
        if not call.op.is_module or call.module or call.op.layer is not None:
            continue
        made: dict[tuple[str, str], dict[str, tuple[State, bool]]] = {(call.op.target, ""): {}}
        for name, state, otherwise in _said(call):
            owner, _, own = name.rpartition(".")
            if not owner or state.kind:
                target = f"torch.nn.{state.kind}" if state.kind else call.op.target
                made.setdefault((target, owner), {})[own] = (state, otherwise)
        for (target, _), parameters in made.items():
            yield target, parameters


def _by_kind(graph: Graph) -> dict[str, dict[str, tuple[Init, bool]]]:
    """For each layer class, the parameters that its layers begin otherwise than by themselves, all but a few alike."""
    inits: dict[tuple[str, str], list[tuple[Init, bool]]] = {}
    counts = Counter[str]()
    for target, parameters in _layers(graph):
        counts[target] += 1
        for name, (state, otherwise) in parameters.items():
            inits.setdefault((target, name), []).append((state.init, otherwise))
    found: dict[str, dict[str, tuple[Init, bool]]] = {}
    for (target, name), begun in inits.items():
        usual = _usual(begun)
        if usual is not None:
            found.setdefault(target, {})[name] = (usual, len(begun) < counts[target])
    return found


def _usual(begun: Sequence[tuple[Init, bool]]) -> Init | None:
    """How nearly all of some parameters begin; None where some begin as their layers would have them."""
    if not all(otherwise for _, otherwise in begun):
        return None
    usual = max((init for init, _ in begun), key=lambda init: sum(other == init for other, _ in begun))
    others = sum(other != usual for other, _ in begun)
    return usual if others < _MANY and others * _MANY <= len(begun) else None


def _by_name(graph: Graph) -> Iterator[tuple[str, Init]]:
    """The other parameters that begin otherwise than by themselves."""
    kinds = _by_kind(graph)
    for call in graph.calls():
        if not (call.op.is_module or call.op.bare) or call.module or call.op.layer is not None:
            continue
        for name, state, otherwise in _said(call):
            owner, _, own = name.rpartition(".")
            target = f"torch.nn.{state.kind}" if state.kind else "" if owner else call.op.target
            written_already = call.op.bare and state.init.number is not None
            done = kinds.get(target, {}).get(own)
            if otherwise and not written_already and (done is None or done[0] != state.init):
                yield (call.path if call.op.bare else f"{call.path}.{name}"), state.init
