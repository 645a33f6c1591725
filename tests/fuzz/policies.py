"""`init` and `freeze`: random ones, what the interpreter makes of them, and what a module has to show of them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tests.fuzz.scope import Refused, evaluate
from tests.fuzz.values import Drawn

if TYPE_CHECKING:
    from tests.fuzz.interpret import Interpreter

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_EXACT = ("zeros", "ones", "constant", "eye", "dirac")
_ANY: tuple[Any, ...] = (
    *("zeros", "ones", {"constant": 0.25}),
    *({"normal": {"std": 0.5}}, {"uniform": {"a": -0.5, "b": 0}}),
)
_SHAPED: tuple[Any, ...] = ("xavier_uniform", {"kaiming_normal": {"mode": "fan_out"}}, "orthogonal", "dirac", "eye")


@dataclass(frozen=True)
class _Rule:
    """What initialises the parameters that a glob matches: of a kind, of a block's instances, or of the model."""

    glob: str
    function: str
    arguments: dict[str, Any]
    kind: str = ""
    block: str = ""


def parameters(interpreter: Interpreter) -> dict[str, Tensor]:
    """All parameters by their names, tied ones by each of theirs."""
    found = {path: tensor for path, tensor in interpreter.tensors.items() if isinstance(tensor, nn.Parameter)}
    for path, layer in interpreter.modules.items():
        found |= {f"{path}.{name}": each for name, each in layer.named_parameters(remove_duplicate=False)}
    return found


def check_policies(interpreter: Interpreter) -> None:
    """Refuse an initialisation that does not go with its parameter, as torch does, and a glob that freezes nothing."""
    known = parameters(interpreter)
    for name, rule in _winners(interpreter).items():
        _initialised(known[name], rule)
    for glob in _frozen_globs(interpreter)[0]:
        if not any(fnmatchcase(name, glob) for name in (*known, *_statistics(interpreter))):
            raise Refused(f"{glob} freezes nothing")


def _initialised(tensor: Tensor, rule: _Rule) -> Tensor:
    made = torch.empty_like(tensor)
    function = getattr(nn.init, f"{rule.function}_")
    function(made, **rule.arguments)
    return made


def _rules(interpreter: Interpreter) -> Iterator[_Rule]:
    section = interpreter.spec.get("init") or {}
    for key, value in evaluate(section, interpreter.variables()).items():
        of_block = {"block": key} if key in interpreter.spec.get("blocks", {}) else {}
        if not of_block and (set(key) & set("*?[.") or not key[:1].isupper()):
            yield _rule(key, value)
            continue
        own = of_block or {"kind": key}
        if isinstance(value, dict) and not any(hasattr(nn.init, f"{name}_") for name in value):
            yield from (_rule(name, each, **own) for name, each in value.items())
        else:
            yield _rule("*.weight" if of_block else "weight", value, **own)


def _rule(glob: str, value: Any, **own: str) -> _Rule:
    if isinstance(value, str):
        return _Rule(glob, value, {}, **own)
    function, arguments = next(iter(value.items()))
    if arguments is not None and not isinstance(arguments, dict):
        first = "a" if function.startswith("kaiming") else "gain"
        arguments = {{"constant": "val", "normal": "mean", "uniform": "a"}.get(function, first): arguments}
    return _Rule(glob, function, arguments or {}, **own)


def _winners(interpreter: Interpreter) -> dict[str, _Rule]:
    """The rule of each parameter that has one: the last that matches it."""
    made: dict[str, _Rule] = {}
    for rule in _rules(interpreter):
        made |= dict.fromkeys(_matched(interpreter, rule), rule)
    return made


def _matched(interpreter: Interpreter, rule: _Rule) -> Iterator[str]:
    if rule.kind:
        for path, layer in interpreter.modules.items():
            yield from (f"{path}.{name}" for name in _of_kind(layer, rule))
        return
    for name in parameters(interpreter):
        around = [f"{path}." for path, block in interpreter.instances.items() if block == rule.block]
        starts = around if rule.block else [""]
        inside = [name.removeprefix(start) for start in starts if name.startswith(start)]
        if any(fnmatchcase(each, rule.glob) for each in inside):
            yield name


def _of_kind(layer: nn.Module, rule: _Rule) -> Iterator[str]:
    """The parameters of a layer that a rule is for: of that kind itself, or of such a layer inside."""
    for prefix, inner in layer.named_modules():
        if type(inner).__name__ == rule.kind:
            own = inner.named_parameters() if not prefix else inner.named_parameters(recurse=False)
            yield from (f"{prefix}.{name}".lstrip(".") for name, _ in own if fnmatchcase(name, rule.glob))


def _frozen_globs(interpreter: Interpreter) -> tuple[list[str], bool]:
    """The globs of `freeze`, and whether running statistics stay too."""
    section = evaluate(interpreter.spec.get("freeze") or [], interpreter.variables())
    statistics = True
    if isinstance(section, dict):
        section, statistics = section["match"], section.get("statistics", True)
    return ([section] if isinstance(section, str) else section), statistics


def _statistics(interpreter: Interpreter) -> list[str]:
    names = [f"{path}.{key}" for path, layer in interpreter.modules.items() for key in layer.state_dict()]
    return [name for name in names if name.rpartition(".")[2] in _STATISTICS]


def faults_of_module(interpreter: Interpreter, module: nn.Module) -> Iterator[str]:
    """What a freshly built module has otherwise than the spec's `init` and `freeze` say."""
    made = dict(module.named_parameters(remove_duplicate=False))
    globs, _ = _frozen_globs(interpreter)
    uses = Counter(id(each) for each in made.values())
    stay = {id(each) for name, each in made.items() if any(fnmatchcase(name, glob) for glob in globs)}
    for name, each in made.items():
        if each.requires_grad == (id(each) in stay):
            yield f"`freeze` of {name}: requires_grad is {each.requires_grad}"
    for name, rule in _winners(interpreter).items():
        is_known = uses[id(made[name])] == 1 and rule.function in _EXACT
        if is_known and not torch.equal(made[name], _initialised(made[name].detach(), rule)):
            yield f"{name} is not initialised by {rule.function}"


def frozen_state(interpreter: Interpreter, module: nn.Module) -> dict[str, Tensor]:
    """A copy of the running statistics that stay as they are."""
    globs, stay = _frozen_globs(interpreter)
    layers = {
        name.rpartition(".")[0]
        for name in _statistics(interpreter)
        if stay and any(fnmatchcase(name, glob) for glob in globs)
    }
    state = module.state_dict()
    return {name: copy.deepcopy(state[name]) for name in _statistics(interpreter) if name.rpartition(".")[0] in layers}


# Random sections.


def policies(draw: Drawn, interpreter: Interpreter) -> dict[str, Any]:
    """An `init` and a `freeze` for what a spec has, or nothing."""
    made: dict[str, Any] = {}
    names = list(parameters(interpreter))
    if names and draw.chance(0.3):
        made["init"] = dict(_drawn_rule(draw, interpreter, names) for _ in range(draw.randint(1, 3)))
    if names and draw.chance(0.2):
        globs = [_glob(draw, draw.choice([*names, *_statistics(interpreter)])) for _ in range(draw.randint(1, 2))]
        made["freeze"] = globs if draw.chance(0.7) else {"match": globs, "statistics": draw.chance(0.3)}
    return made


def _drawn_rule(draw: Drawn, interpreter: Interpreter, names: list[str]) -> tuple[str, Any]:
    name = draw.choice(names)
    value = draw.choice(_ANY if draw.chance(0.7) else _SHAPED)
    form = draw.choice(["glob", "kind", "kind", "block"])
    kinds = sorted({type(layer).__name__ for layer in interpreter.modules.values()} & _with_weight(interpreter))
    blocks = list(interpreter.spec.get("blocks", {}))
    if form == "kind" and kinds:
        kind = draw.choice(kinds)
        return kind, value if draw.chance(0.5) else {"weight": value, "bias": draw.choice(_ANY[:3])}
    if form == "block" and blocks:
        return draw.choice(blocks), value if draw.chance(0.5) else {draw.choice(["*.weight", "*bias", "*"]): value}
    glob = _glob(draw, name)
    return (glob, value) if set(glob) & set("*?[.") or not glob[:1].isupper() else (f"{glob}*", value)


def _with_weight(interpreter: Interpreter) -> set[str]:
    return {
        type(layer).__name__ for layer in interpreter.modules.values() if getattr(layer, "weight", None) is not None
    }


def _glob(draw: Drawn, name: str) -> str:
    """A glob that matches a name."""
    head, _, last = name.rpartition(".")
    first = name.partition(".")[0]
    whole = [name, f"{first}*", f"*{last[:-1]}?"]
    return draw.choice([*whole, f"{head}.*", f"*.{last}"] if head else [*whole, "*"])
