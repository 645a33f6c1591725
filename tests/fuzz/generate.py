"""Random whole specs, as dicts. Each entry is tried on the interpreter as it is drawn, so that most specs hold
together; some keep an entry that does not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from archspec.ops.entry import Op
from archspec.ops.registry import CATALOGUE
from tests.fuzz.arranged import arranged, chosen, constant, masked, multiplied
from tests.fuzz.attending import attending
from tests.fuzz.buffers import buffered
from tests.fuzz.constructs import ALIGNS, bare, branched, in_pieces, moving, pooled, tied, used
from tests.fuzz.defaults import factored
from tests.fuzz.functions import FUNCTIONS, MERGES
from tests.fuzz.interpret import Interpreter
from tests.fuzz.layers import FROM_CHANNELS, FROM_LAST, PORTS
from tests.fuzz.policies import policies
from tests.fuzz.repeats import repeated
from tests.fuzz.scope import Scope
from tests.fuzz.several import is_function
from tests.fuzz.values import Drawn, make_inputs
from tests.fuzz.variables import list_expressions, ordered_first, variables

MOST_ELEMENTS = 6_000
NAMES = ("a", "b", "conv1", "x-1", "1x1", "lambda", "torch", "F", "self_", "layer_b", "out", "y", "z", "up", "head")
CONDITIONS = ("true", "$(1 < 2)", "$(true and not false)", "$(len([1, 2]) == 2)")
FALSE = ("false", "$(1 > 2)", "$(2 in [1, 3])")


def _is_plain(op: Op) -> bool:
    """Whether an op takes one tensor, and the interpreter can make it."""
    if op.variadic or (len(op.inputs) != 1 and op.name not in PORTS):
        return False
    if not op.is_module:
        return op.name in FUNCTIONS
    known = all(arg.inferred is None or arg.name in (*FROM_CHANNELS, *FROM_LAST) for arg in op.args)
    return known and op.target.startswith("torch.nn.") and hasattr(torch.nn, op.name)


PLAIN = [op for op in CATALOGUE.values() if _is_plain(op)]
COMMON = [CATALOGUE[name] for name in ("Conv2d", "Conv1d", "Linear", "BatchNorm2d", "ReLU", "MaxPool2d", "LayerNorm")]


@dataclass
class Place:
    """Where entries are being drawn: the scope that has run so far, and what its expressions may use."""

    scope: Scope
    depth: int = 0
    params: dict[str, Any] | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    def names_of(self, wanted: int) -> list[str]:
        return [name for name, value in self.scope.names.items() if type(value) is int and value == wanted]


class Generator:
    """One random spec."""

    def __init__(self, seed: int) -> None:
        self.draw = Drawn(seed)
        self.spec: dict[str, Any] = {"archspec": 1}
        self.is_faulty = self.draw.chance(0.3)
        self.broken = False
        self.interpreter = Interpreter(self.spec)

    def make(self) -> dict[str, Any]:
        """The spec, and in the spec whatever blocks and variables it came to need."""
        draw = self.draw
        if draw.chance(0.3):
            self.spec["name"] = draw.choice(["Net", "Model", "torch", "Block"])
        self.inputs()
        if draw.chance(0.5):
            self.spec["vars"] = variables(draw, self.act())
        torch.manual_seed(0)
        self.spec["blocks"] = {}
        self.spec["layers"] = {}
        place = Place(self.interpreter.model(*self.tensors()))
        self.spec["layers"] = self.entries(place, draw.randint(1, 6))
        if not self.spec["blocks"]:
            del self.spec["blocks"]
        self.outputs(place.scope)
        return self.spec | policies(draw, self.interpreter)

    def act(self) -> Any:
        layer = self.draw.choice(self.acts())
        return {"type": "layer", "default": layer} if isinstance(layer, list) else layer

    def acts(self) -> list[Any]:
        return ["ReLU", "Tanh", {"LeakyReLU": 0.3}, {"Linear": 3}, ["Sigmoid", "ReLU"], {"layers": {"s": "SiLU"}}]

    def shape(self) -> list[int]:
        draw = self.draw
        space = draw.choice([0, 0, 1, 1, 2, 2, 2, 2, 3])
        size = [draw.choice([4, 5, 6, 7, 8, 9] if space < 3 else [2, 3, 4, 5]) for _ in range(space)]
        return [draw.choice([1, 2, 3, 4, 6]), *size]

    def inputs(self) -> None:
        """One input or several, mostly of one shape; rarely integers."""
        draw = self.draw
        shape = self.shape()
        if draw.chance(0.7):
            self.spec["input"] = {"shape": shape} if draw.chance(0.1) else shape
            return
        self.spec["inputs"] = {
            "x": shape,
            "y": list(shape) if draw.chance(0.6) else self.shape(),
            **(
                {"mask": {"shape": shape, "dtype": draw.choice(["int64", "bool", "float32"])}}
                if draw.chance(0.3)
                else {}
            ),
        }

    def tensors(self, batch: int = 2) -> list[Tensor]:
        return make_inputs(self.spec, batch)

    def entries(self, place: Place, count: int) -> Any:
        """A mapping or list of entries."""
        listed = place.scope.listed = self.draw.chance(0.4)
        made: Any = [] if listed else {}
        for index in range(count):
            if self.broken:
                break
            name = str(len(place.scope.bound)) if listed else self.name(made, index)
            found = self.entry(place, name)
            if found is None:
                continue
            entry, name = found
            if listed:
                made.append(entry)
            else:
                made[name] = entry
        if not made:
            name, only = "0" if listed else "id", {"Identity": None, "from": "previous"}
            self.interpreter.place(place.scope, name, only)
            made = [only] if listed else {name: only}
        return made

    def name(self, taken: dict[str, Any], index: int) -> str:
        name = self.draw.choice(NAMES)
        return f"{name}{index}" if name in taken or name in self.spec.get("inputs", ()) else name

    def entry(self, place: Place, name: str) -> tuple[Any, str] | None:
        """An entry that runs, now bound; or one that does not, and the spec is broken."""
        for _ in range(12):
            keep = len(self.spec["blocks"])
            drawn = self.drawn(place)
            if drawn is None:
                continue
            named = name
            if isinstance(drawn, dict) and isinstance(drawn.get("repeat"), list) and not name.isdigit():
                named = f"{name}$(stage)" if self.draw.chance(0.4) else name
            modules, bound = dict(self.interpreter.modules), dict(place.scope.bound)
            tensors = dict(self.interpreter.tensors)
            previous = place.scope.previous
            try:
                self.interpreter.place(place.scope, named, drawn)
                if max(value.numel() for value in place.scope.previous) > MOST_ELEMENTS:
                    raise MemoryError
            except Exception as error:
                self.interpreter.modules, place.scope.bound = modules, bound
                self.interpreter.tensors = tensors
                place.scope.previous = previous
                if self.is_faulty and not isinstance(error, MemoryError) and self.draw.chance(0.25):
                    self.broken = True
                    return drawn, named
                for block in list(self.spec["blocks"])[keep:]:
                    del self.spec["blocks"][block]
                continue
            return drawn, named
        return None

    @contextlib.contextmanager
    def trial(self) -> Iterator[None]:
        """What runs in here leaves no layers behind."""
        modules, tensors = dict(self.interpreter.modules), dict(self.interpreter.tensors)
        try:
            yield
        finally:
            self.interpreter.modules, self.interpreter.tensors = modules, tensors

    def drawn(self, place: Place) -> Any:
        draw = self.draw
        kinds: list[tuple[float, Callable[[Place], Any]]] = [
            (6.0, self.layer),
            (2.0, self.merge),
            (1.0 if place.depth < 3 else 0.0, self.nested),
            (1.0 if place.depth < 2 else 0.0, self.block),
            (0.4 if "vars" in self.spec or place.params is not None else 0.0, self.held),
            (1.2 if place.depth < 3 else 0.0, partial(repeated, self)),
            (0.3, partial(pooled, self)),
            (0.8 if place.depth < 3 else 0.0, partial(branched, self)),
            (0.6, partial(used, self)),
            (0.8, partial(tied, self)),
            (0.4, partial(in_pieces, self)),
            (0.6, partial(moving, self)),
            (0.5, partial(bare, self)),
            (0.4, partial(buffered, self)),
            (1.0, partial(arranged, self)),
            (0.4, partial(chosen, self)),
            (0.5, partial(masked, self)),
            (0.4, partial(multiplied, self)),
            (0.2, partial(constant, self)),
            (0.8, partial(attending, self)),
        ]
        weights, makers = zip(*kinds, strict=True)
        made = draw.choices(makers, weights)[0](place)
        return None if made is None else self.modified(place, made)

    def modified(self, place: Place, entry: Any) -> Any:
        """The entry, sometimes with `from`, `when` and `skip` beside its kind."""
        draw = self.draw
        changes: dict[str, Any] = {}
        kind = "layers" if isinstance(entry, list) else next(iter(entry)) if isinstance(entry, dict) else entry
        has_inputs = isinstance(entry, dict) and ("from" in entry or is_function(kind))
        is_inline = isinstance(entry, dict) and "inline" in entry
        if is_inline and kind == "layers":
            return entry
        if not has_inputs and not is_inline and draw.chance(0.2):
            changes["from"] = draw.choice([name for name, _ in place.scope.visible()])
        if draw.chance(0.08) and not (isinstance(entry, dict) and {"first", "last"} & set(entry)):
            options = [*CONDITIONS, *FALSE, *(["$flag"] if "flag" in place.scope.names else [])]
            if isinstance(entry, dict) and "repeat" in entry:
                options += ["$(index > 0)", "$(index < count - 1)", "$(stage == 0)", "$(position == total - 1)"]
            changes["when"] = {"true": True, "false": False}.get(word := draw.choice(options), word)
        if kind not in MERGES and draw.chance(0.2):
            changes["skip"] = self.skip(place)
        if not changes:
            return entry
        if isinstance(entry, list):
            return {"layers": entry, **changes}
        return {**({entry: None} if isinstance(entry, str) else entry), **changes}

    def skip(self, place: Place) -> Any:
        draw = self.draw
        merge = draw.choice(["add", "add", "concat", "mul"])
        if draw.chance(0.35):
            return merge
        skip: dict[str, Any] = {"merge": merge} if draw.chance(0.8) else {}
        if draw.chance(0.75):
            skip["project"] = "auto" if draw.chance(0.7) else self.projection(place)
        if draw.chance(0.2):
            skip["align"] = draw.choice(ALIGNS)
        return skip or merge

    def projection(self, place: Place) -> Any:
        plain = Place(Scope("?", {"input": place.scope.previous[0]}, {}))
        layer = self.layer(plain, plain_only=True)
        return [layer, "Identity"] if self.draw.chance(0.3) else layer

    # Kinds.

    def layer(self, place: Place, *, plain_only: bool = False) -> Any:
        """Any layer or function of one tensor, its arguments from their types."""
        draw = self.draw
        given = place.scope.previous[0]
        fitting = [op for op in PLAIN if not op.ranks or given.dim() in op.ranks]
        op = draw.choice(PLAIN if draw.chance(0.05) else COMMON if draw.chance(0.25) else fitting)
        written = {
            arg.name: draw.value(arg.type)
            for arg in op.args
            if arg.inferred is None and (arg.is_required or draw.chance(0.3)) and arg.name != "return_indices"
        }
        if op.is_module and draw.chance(0.1):
            written |= {
                arg.name: draw.choice([given.shape[1], 3]) for arg in op.args if arg.inferred and given.dim() > 1
            }
        if "batch_first" in op.by_name and (op.name in PORTS or draw.chance(0.95)):
            written |= {"batch_first": True}
        written.pop("is_causal", None)
        if not plain_only:
            written = {name: self.number(place, value) for name, value in written.items()}
        return self.written(place, op, written)

    def written(self, place: Place, op: Op, arguments: dict[str, Any]) -> Any:
        """One of the forms in which a layer or function may be written."""
        draw = self.draw
        if not op.is_module:
            reference = draw.choice([name for name, _ in place.scope.visible()] or ["input"])
            if not arguments and op.primary is None and draw.chance(0.5) and place.scope.path != "?":
                return {op.name: reference}
            return {op.name: arguments}
        if not arguments:
            return op.name if draw.chance(0.8) else {op.name: draw.choice([None, {}])}
        if list(arguments) == [op.primary] and draw.chance(0.6):
            return {op.name: arguments[op.primary]}
        return {op.name: arguments}

    def number(self, place: Place, value: Any) -> Any:
        """The value, or an expression or parameter that means it."""
        draw = self.draw
        if isinstance(value, bool) or not isinstance(value, int) or draw.chance(0.7):
            return value
        options: list[Any] = [f"$({value} + 0)", f"$({value + 2} - 2)", f"$(max({value}, {value - 1}))"]
        options += [f"${name}" for name in place.names_of(value)] * 2
        options += list_expressions(place.scope.names, value)
        given = place.scope.previous[0]
        if "previous" not in place.scope.names and given.dim() > 1 and len(place.scope.inputs) == 1:
            name, tensor = next(iter(place.scope.inputs.items()))
            if tensor.dim() > 1:
                gap = value - tensor.shape[1]
                options.append(f"$({name}.channels {'+' if gap >= 0 else '-'} {abs(gap)})")
        if "index" in place.scope.names:
            options += [f"$(index + {value})", f"$({value} * 2 ** stage)", f"$({value} if index >= 0 else 99)"]
        if place.params is not None and place.depth:
            options += [self.parameter(place, value)] * 3
        return draw.choice(options)

    def parameter(self, place: Place, value: int) -> str:
        assert place.params is not None
        name = f"p{len(place.params)}"
        declared = self.draw.choice(["int", value, {"type": "int"}, {"type": "int", "default": value + 1}])
        place.params[name] = declared
        place.scope.names[name] = value
        if declared != value or self.draw.chance(0.3):
            place.arguments[name] = value
        return f"${name}"

    def merge(self, place: Place) -> Any:
        """A merge of named values: mostly of one shape, or aligned to the first."""
        draw = self.draw
        visible = list(place.scope.visible())
        name, first = draw.choice(visible)
        kind = draw.choice(["add", "add", "mul", "sub", "div", "concat", "concat"])
        alike = [other for other, tensor in visible if tensor.shape == first.shape and tensor.dtype == first.dtype]
        same_rank = [other for other, tensor in visible if tensor.dim() == first.dim()]
        others = draw.choice([alike, alike, same_rank, [other for other, _ in visible]])
        if kind != "concat" and draw.chance(0.15):
            return {kind: {"broadcast": True}, "from": [name, draw.choice(same_rank)]}
        count = 1 if kind in ("sub", "div") else draw.choice([1, 1, 2])
        inputs = [self.reference(place, each) for each in (name, *(draw.choice(others) for _ in range(count)))]
        entry: dict[str, Any] = {kind: inputs}
        if draw.chance(0.3):
            entry = {kind: draw.choice([None, {}]), "from": inputs}
            if kind == "concat" and draw.chance(0.6):
                entry[kind] = {"dim": draw.choice([1, 1, 1, -1, 2, -2])}
        if draw.chance(0.5 if others is same_rank else 0.1):
            entry["align"] = draw.choice(ALIGNS)
        return entry

    def reference(self, place: Place, name: str) -> str:
        """The name, or an expression that means it; in a repeat it may mean another copy each time."""
        head, dot, last = name.rpartition(".")
        if dot and last.isdigit() and self.draw.chance(0.4):
            if "index" in place.scope.names and self.draw.chance(0.7):
                return f"{head}.$(index)" if self.draw.chance(0.6) else f"{head}.$(count - 1 - index)"
            return f"{head}.$({last} + 0)"
        return "previous" if self.draw.chance(0.05) else name

    def nested(self, place: Place) -> Any:
        """A sequence, numbered or named."""
        layers = self.body(place, place.scope.names, self.draw.randint(1, 3))
        if isinstance(layers, list) and self.draw.chance(0.7):
            return layers
        return {"layers": layers}

    def body(self, place: Place, names: dict[str, Any], count: int) -> Any:
        given = place.scope.previous[0]
        inside = Place(Scope(f"{place.scope.path}.trial", {"input": given}, names, place.scope), place.depth + 1)
        with self.trial():
            return self.entries(inside, count)

    def block(self, place: Place) -> Any:
        """A block of its own, or one that there is, with arguments and inputs."""
        draw = self.draw
        blocks = self.spec["blocks"]
        if blocks and draw.chance(0.5) and place.depth == 0:
            name = draw.choice(list(blocks))
            params = blocks[name].get("params", {})
            required = {
                param: draw.choice(self.acts()) if param.startswith("l") else draw.randint(1, 4)
                for param, how in params.items()
                if draw.chance(0.3) or _is_required(how)
            }
            return self.use(place, name, required, len(blocks[name].get("inputs", ["x"])))
        several = draw.chance(0.3)
        visible = list(place.scope.visible())
        chosen = [draw.choice(visible) for _ in range(2)] if several else []
        inputs = {"x": chosen[0][1], "skip": chosen[1][1]} if several else {"input": place.scope.previous[0]}
        names = self.interpreter.variables()
        inside = Place(Scope("block", inputs, names), place.depth + 1, params={})
        with self.trial():
            layers = self.entries(inside, draw.randint(1, 3))
        block: dict[str, Any] = {}
        if inside.params:
            block["params"] = inside.params
        if several:
            block["inputs"] = list(inputs)
        block["layers"] = layers
        bound = [name for name, _ in inside.scope.visible()]
        if draw.chance(0.25):
            picked = [draw.choice(bound) for _ in range(2)]
            block["outputs"] = draw.choice([picked[0], picked, {"main": picked[0], "extra": picked[1]}])
        if layers and draw.chance(0.3):
            block["order"] = ordered_first(draw, layers)
        name = f"B{len(blocks)}"
        blocks[name] = block
        entry = self.use(place, name, inside.arguments, 1)
        if several:
            first, second = chosen[0][0], self.reference(place, chosen[1][0])
            from_ = {"skip": second, "x": first} if draw.chance(0.3) else [first, second]
            return {**(entry if isinstance(entry, dict) else {entry: None}), "from": from_}
        return entry

    def use(self, place: Place, name: str, arguments: dict[str, Any], count: int) -> Any:
        draw = self.draw
        entry: Any = {name: arguments} if arguments else draw.choice([name, {name: None}, {name: {}}])
        if count > 1:
            visible = [reference for reference, _ in place.scope.visible()]
            chosen = [draw.choice(visible) for _ in range(count)]
            entry = {**(entry if isinstance(entry, dict) else {entry: None}), "from": chosen}
        return entry

    def held(self, place: Place) -> Any:
        if place.params is not None and self.draw.chance(0.7):
            return self.held_parameter(place)
        if "act" not in place.scope.names:
            return None
        return self.draw.choice(["$act", {"$act": None}])

    def held_parameter(self, place: Place) -> Any:
        """A layer that is given to the block."""
        assert place.params is not None
        name = f"l{len(place.params)}"
        layer = self.draw.choice(self.acts())
        declared = self.draw.choice(
            ["layer", {"type": "layer", "default": layer}, {"type": "layer", "default": "ReLU"}]
        )
        place.params[name] = declared
        place.scope.names[name] = layer
        if declared == "layer" or declared["default"] != layer:
            place.arguments[name] = layer
        return self.draw.choice([f"${name}", {f"${name}": None}])

    def outputs(self, scope: Scope) -> None:
        """Sometimes what the model gives: one value, a tuple, a dict, some of it in training only."""
        draw = self.draw
        names = [name for name, _ in scope.visible()]
        form = draw.choice(["none", "none", "one", "list", "dict", "training"])
        picked = [draw.choice(names) for _ in range(draw.randint(1, 3))]
        if form == "one":
            self.spec["outputs"] = picked[0]
        elif form == "list":
            self.spec["outputs"] = picked
        elif form in ("dict", "training"):
            outputs: dict[str, Any] = {f"o{index}": name for index, name in enumerate(picked)}
            if form == "training":
                outputs["aux"] = {"from": draw.choice(names), "training": True}
            self.spec["outputs"] = outputs


def _is_required(declared: Any) -> bool:
    return declared in ("int", "layer") or (isinstance(declared, dict) and "default" not in declared)


def random_spec(seed: int) -> dict[str, Any]:
    """The spec of a seed."""
    spec = Generator(seed).make()
    draw = Drawn(seed)
    return factored(spec, draw) if draw.chance(0.3) else spec
