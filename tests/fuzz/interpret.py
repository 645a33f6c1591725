"""An interpreter of specs, written from the language reference: the judge of what a spec means.

It walks the dict with running tensors, making torch's layers as it meets them. It knows nothing of the compiler, and
imports nothing of it. What it cannot do it refuses by raising, as torch does.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Spec = Mapping[str, Any]
Names = dict[str, Any]

MODIFIERS = ("from", "when", "repeat", "first", "last", "per_stage", "per_repeat", "skip", "align")
FROM_CHANNELS = ("in_channels", "num_features", "num_channels")
FROM_LAST = ("in_features", "normalized_shape", "input_size", "d_model")
NOT_PRIMARY = ("in_channels", "in_features", "input_size", "d_model")
SHAPE_ONLY = ("Identity", "Flatten", "Unflatten", "PixelShuffle", "PixelUnshuffle", "ChannelShuffle")
TYPES = ("int", "float", "bool", "str", "layer")
LEAST_DIMENSIONS = {"PixelShuffle": 4, "PixelUnshuffle": 4, "pixel_shuffle": 4, "Unfold": 4, "Fold": 3}
MOST_ELEMENTS = 1_000_000


class Refused(Exception):
    """The spec breaks a rule of the language that torch does not know."""


@dataclass
class Bound:
    """What a name means: the values of an entry, and the names inside it that may be reached."""

    ports: dict[str, Tensor]
    inner: dict[str, Bound] = field(default_factory=dict)

    @property
    def first(self) -> Tensor:
        return next(iter(self.ports.values()))


@dataclass
class Scope:
    """One sequence while it runs."""

    path: str
    inputs: dict[str, Tensor]
    names: Names
    parent: Scope | None = None
    bound: dict[str, Bound] = field(default_factory=dict)
    previous: list[Tensor] = field(default_factory=list)
    listed: bool = False

    def __post_init__(self) -> None:
        self.previous = list(self.inputs.values())

    def find(self, name: str) -> Bound:
        """What a name means here: an own entry or input, or one of a scope around."""
        if name == "previous":
            return Bound({"output": self.previous[0]})
        if name in self.bound:
            return self.bound[name]
        if name in self.inputs:
            return Bound({"output": self.inputs[name]})
        if self.parent is None:
            raise Refused(f"no `{name}` here")
        return self.parent.find(name)

    def refer(self, reference: str) -> Tensor:
        """A dotted name's tensor."""
        head, *rest = reference.split(".")
        found = self.find(head)
        for at, part in enumerate(rest):
            if part in found.inner:
                found = found.inner[part]
            elif part in found.ports and at == len(rest) - 1:
                return found.ports[part]
            else:
                raise Refused(f"no `{reference}` here")
        return found.first

    def visible(self) -> Iterator[tuple[str, Tensor]]:
        """Every reference that means something here."""
        for name, tensor in self.inputs.items():
            yield name, tensor
        for name, value in self.bound.items():
            yield from _reached(name, value)
        if self.parent is not None:
            own = {*self.inputs, *self.bound}
            yield from ((name, value) for name, value in self.parent.visible() if name.split(".")[0] not in own)


def _reached(name: str, value: Bound) -> Iterator[tuple[str, Tensor]]:
    yield name, value.first
    if len(value.ports) > 1:
        yield from ((f"{name}.{port}", tensor) for port, tensor in value.ports.items())
    for inner, each in value.inner.items():
        yield from _reached(f"{name}.{inner}", each)


# Expressions.


class _Shape:
    """A tensor as an expression sees it."""

    def __init__(self, tensor: Tensor) -> None:
        self.shape = list(tensor.shape)
        self.features = self.shape[-1]
        if tensor.dim() > 1:
            self.channels = self.shape[1]
        names = {3: ("length",), 4: ("height", "width"), 5: ("depth", "height", "width")}.get(tensor.dim(), ())
        for name, size in zip(names, self.shape[2:], strict=False):
            setattr(self, name, size)


class _Sight(dict[str, Any]):
    """The names that an expression may use: variables, then tensors in scope."""

    def __init__(self, names: Names, scope: Scope | None) -> None:
        super().__init__(names)
        self.scope = scope

    def __missing__(self, name: str) -> Any:
        if self.scope is None:
            raise KeyError(name)
        try:
            return _Shape(self.scope.find(name).first)
        except Refused:
            raise KeyError(name) from None


def _make_divisible(value: float, divisor: int) -> int:
    made = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return made + divisor if made < 0.9 * value else made


_CALLS = {"make_divisible": _make_divisible, "true": True, "false": False, "null": None} | {
    function.__name__: function for function in (min, max, abs, round, int, float, sum, len)
}
_WHOLE = re.compile(r"\$([A-Za-z_]\w*)|\$\((.*)\)", re.DOTALL)
_PART = re.compile(r"\$\$|\$([A-Za-z_]\w*)|\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def evaluate(value: Any, names: Names, scope: Scope | None = None) -> Any:
    """A value of a spec with its variables and expressions in place."""
    if isinstance(value, list):
        return [evaluate(item, names, scope) for item in value]
    if isinstance(value, dict):
        return {key: evaluate(item, names, scope) for key, item in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    parts = list(_PART.finditer(value))
    if len(parts) == 1 and parts[0].group() == value and value != "$$":
        return _expression(parts[0].group(1) or parts[0].group(2), names, scope)
    return _PART.sub(lambda found: _written(found, names, scope), value)


def _written(found: re.Match[str], names: Names, scope: Scope | None) -> str:
    return "$" if found.group() == "$$" else str(_expression(found.group(1) or found.group(2), names, scope))


def _expression(text: str, names: Names, scope: Scope | None) -> Any:
    return eval(text, {"__builtins__": {}, **_CALLS}, _Sight(names, scope))


# Functions.


def _same_type(tensors: Sequence[Tensor]) -> None:
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise Refused("merges do not mix element types")


def _aligned(tensors: Sequence[Tensor], align: str | None) -> list[Tensor]:
    first = tensors[0]
    if align is None:
        return list(tensors)
    if first.dim() < 3:
        raise Refused("`align` is for height, width, …")
    return [first, *(_align_one(align, first, other) for other in tensors[1:])]


def _align_one(align: str, first: Tensor, other: Tensor) -> Tensor:
    if other.dim() != first.dim():
        raise Refused("`align` is for tensors of one rank")
    if align == "resize":
        return F.interpolate(other, size=first.shape[2:])
    missing = [a - b for a, b in zip(first.shape[2:], other.shape[2:], strict=True)]
    if align == "pad":
        if min(missing) < 0:
            raise Refused("`align: pad` only pads")
        sides = [side for gap in reversed(missing) for side in (gap // 2, gap - gap // 2)]
        return F.pad(other, sides)
    if align == "crop":
        if max(missing) > 0:
            raise Refused("`align: crop` only crops")
        for dim, gap in enumerate(missing, 2):
            start = -gap // 2
            other = other[(slice(None),) * dim + (slice(start, start + first.shape[dim]),)]
        return other
    raise Refused(f"no `align: {align}`")


def _elementwise(function: Callable[[Tensor, Tensor], Tensor], most: int | None = None) -> Callable[..., Tensor]:
    def merge(tensors: Sequence[Tensor], align: str | None = None) -> Tensor:
        if len(tensors) < 2 or (most is not None and len(tensors) > most):
            raise Refused("another number of inputs")
        _same_type(tensors)
        tensors = _aligned(tensors, align)
        longest = max((tensor.shape for tensor in tensors), key=lambda shape: (len(shape), shape.numel()))
        for tensor in tensors:  # what has no batch is broadcast over it
            if tensor.shape != longest and tensor.shape not in (longest[1:], (1, *longest[1:])):
                raise Refused("merges do not broadcast")
        result = tensors[0]
        for other in tensors[1:]:
            result = function(result, other)
        return result

    return merge


def _concat(tensors: Sequence[Tensor], dim: int = 1, align: str | None = None) -> Tensor:
    if len(tensors) < 2:
        raise Refused("another number of inputs")
    _same_type(tensors)
    return torch.cat(_aligned(tensors, align), dim)


def _squeezed(x: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    for each in dim if isinstance(dim, tuple) else (dim,):
        if x.size(each) != 1:
            raise Refused("a dimension that is squeezed has one element")
    return torch.squeeze(x, dim)


MERGES: dict[str, Callable[..., Tensor]] = {
    "add": _elementwise(torch.add),
    "mul": _elementwise(torch.mul),
    "sub": _elementwise(torch.sub, 2),
    "div": _elementwise(torch.div, 2),
    "concat": _concat,
}
FUNCTIONS: dict[str, tuple[Callable[..., Tensor], str | None]] = {
    "relu": (F.relu, None),
    "gelu": (F.gelu, None),
    "silu": (F.silu, None),
    "mish": (F.mish, None),
    "sigmoid": (torch.sigmoid, None),
    "tanh": (torch.tanh, None),
    "softmax": (F.softmax, "dim"),
    "log_softmax": (F.log_softmax, "dim"),
    "flatten": (lambda x, start_dim=1, end_dim=-1: torch.flatten(x, start_dim, end_dim), "start_dim"),
    "interpolate": (F.interpolate, None),
}
"""Functions of one tensor, and the argument that a bare value means."""
_ELEMENTWISE = "neg abs sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 sin cos erf floor ceil round"
_ACTIVATIONS = "relu6 hardswish hardsigmoid selu logsigmoid softsign leaky_relu elu softplus"
_ALONG = "mean sum amax amin std var logsumexp cumsum cumprod unsqueeze"
FUNCTIONS |= {name: (getattr(torch, name), None) for name in _ELEMENTWISE.split()}
FUNCTIONS |= {name: (getattr(F, name), None) for name in _ACTIVATIONS.split()}
FUNCTIONS |= {name: (getattr(torch, name), "dim") for name in _ALONG.split()}
FUNCTIONS |= {
    "normalize": (F.normalize, "dim"),
    "permute": (torch.permute, "dims"),
    "flip": (torch.flip, "dims"),
    "transpose": (torch.transpose, None),
    "roll": (torch.roll, None),
    "squeeze": (lambda x, dim: _squeezed(x, dim), "dim"),
    "pixel_shuffle": (F.pixel_shuffle, "upscale_factor"),
}
SHAPE_FUNCTIONS = ["flatten", "permute", "transpose", "squeeze", "unsqueeze", "roll", "flip", "select", "pixel_shuffle"]


# Entries.


def split(entry: Any, names: Names) -> tuple[str, Any, dict[str, Any]]:
    """The kind, its arguments and the modifiers of an entry, however it is written."""
    if isinstance(entry, list):
        return "layers", entry, {}
    if isinstance(entry, str):
        kind, arguments, modifiers = entry, None, {}
    elif isinstance(entry, dict):
        kinds = [key for key in entry if key not in MODIFIERS]
        if len(kinds) != 1:
            raise Refused("not one kind")
        kind, arguments = kinds[0], entry[kinds[0]]
        modifiers = {key: value for key, value in entry.items() if key in MODIFIERS}
    else:
        raise Refused("not an entry")
    if not kind.startswith("$"):
        return kind, arguments, modifiers
    held, given, inside = split(evaluate(kind, names), names)
    return held, given, inside | modifiers


def _wrapped(entry: Any) -> Any:
    """What a variable holds is the child `layer` beside a projection, whatever it is."""
    skip = entry.get("skip") if isinstance(entry, dict) else None
    if not isinstance(skip, dict) or skip.get("project") is None:
        return entry
    around = {key: value for key, value in entry.items() if key in ("from", "when", "repeat", "skip")}
    inside = {key: value for key, value in entry.items() if key not in around}
    held = any(key.startswith("$") for key in inside)
    return {"layers": {"layer": inside}, **around} if held else entry


def _as_mapping(arguments: Any, primary: str | None) -> dict[str, Any]:
    if arguments is None:
        return {}
    if isinstance(arguments, dict):
        return dict(arguments)
    if primary is None:
        raise Refused("a bare value means nothing here")
    return {primary: arguments}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _layer_class(kind: str) -> type[nn.Module]:
    found = getattr(nn, kind, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise Refused(f"no kind `{kind}`")
    return found


def _parameters(kind: str) -> list[str]:
    found = inspect.signature(nn.RNNBase if kind in ("RNN", "GRU", "LSTM") else _layer_class(kind)).parameters
    return [*(name for name in found if name not in ("mode", "device", "dtype")), *["nonlinearity"] * (kind == "RNN")]


def _primary_of(kind: str) -> str | None:
    parameters = [name for name in _parameters(kind) if name != "inplace"]
    if kind.startswith("Upsampl"):
        return None
    return next((name for name in parameters if name not in NOT_PRIMARY), None)


def _check_layout(kind: str, given: Tensor) -> None:
    """Layers for images take the layout with a batch."""
    found = re.search(r"(\d)d$", kind)
    if given.dim() < LEAST_DIMENSIONS.get(kind, 0):
        raise Refused(f"{kind} wants a batch")
    if found is None:
        return
    allowed = (2, 3) if kind == "BatchNorm1d" else (int(found.group(1)) + 2,)
    if given.dim() not in allowed:
        raise Refused(f"{kind} wants {allowed} dimensions")


PORTS = {"LSTMCell": ["h", "c"], "RNN": ["output", "h"], "GRU": ["output", "h"], "LSTM": ["output", "h", "c"]}


def flattened(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else [each for item in result for each in flattened(item)]


def make_layer(kind: str, arguments: dict[str, Any], given: Tensor) -> nn.Module:
    """torch's layer, what is left out inferred from its input."""
    made = _layer_class(kind)
    parameters = _parameters(kind)
    filled = {name: _tuples(value) for name, value in arguments.items()}
    if unknown := set(filled) - set(parameters):
        raise Refused(f"{kind} has no {unknown}")
    for name in parameters:
        if name in FROM_CHANNELS:
            size = given.shape[1]
            if filled.setdefault(name, size) != size:
                raise Refused(f"`{name}` contradicts the input")
        elif name in FROM_LAST:
            filled.setdefault(name, given.shape[-1])
    if "batch_first" in parameters and (given.dim() != 3 or not filled.get("batch_first")):
        raise Refused("the batch stands where `batch_first` says")
    return made(**filled)


@dataclass
class Interpreter:
    """A spec that runs.

    Attributes:
        modules: the layers made so far, by their place in the module tree.
        made: shape and element type of each layer's and function's outputs in the last run, by its place.
    """

    spec: Spec
    training: bool = True
    modules: dict[str, nn.Module] = field(default_factory=dict)
    made: dict[str, list[tuple[tuple[int, ...], torch.dtype]]] = field(default_factory=dict)

    def run(self, *tensors: Tensor, training: bool = True) -> Any:
        """The model's result."""
        self.training = training
        self.made = {}
        scope = self.model(*tensors)
        self.sequence(scope, self.spec["layers"])
        return self.outputs(scope)

    def model(self, *tensors: Tensor) -> Scope:
        """The scope of the whole model, before its first entry."""
        names = self.spec.get("inputs", ["input"])
        return Scope("", dict(zip(names, tensors, strict=True)), self.variables())

    def variables(self) -> Names:
        """The variables, which may use each other in any order."""
        written = self.spec.get("vars", {})
        names: Names = {}
        for _ in written:
            for name, value in written.items():
                if name in names:
                    continue
                try:
                    names[name] = _declared(value, names)
                except NameError:
                    continue
        if missing := set(written) - set(names):
            raise Refused(f"no value for {missing}")
        return names

    def outputs(self, scope: Scope) -> Any:
        """What `outputs` asks for, or the last entry's value."""
        wanted = self.spec.get("outputs")
        if wanted is None:
            return scope.previous[0]
        if isinstance(wanted, str):
            return self.reference(scope, wanted, scope.names)
        if isinstance(wanted, list):
            return tuple(self.output(scope, each) for each in wanted if self.is_there(each))
        return {name: self.output(scope, each) for name, each in wanted.items() if self.is_there(each)}

    def is_there(self, output: Any) -> bool:
        return self.training or not (isinstance(output, dict) and output.get("training"))

    def output(self, scope: Scope, output: Any) -> Tensor:
        return self.reference(scope, output["from"] if isinstance(output, dict) else output, scope.names)

    def reference(self, scope: Scope, written: Any, names: Names) -> Tensor:
        return scope.refer(str(evaluate(written, names, scope)))

    def sequence(self, scope: Scope, layers: Any) -> Tensor:
        """Run the entries of a sequence; its value is the last one's."""
        if isinstance(layers, dict):
            for name, entry in layers.items():
                self.place(scope, name, entry)
        else:
            scope.listed = True
            for entry in layers:
                self.place(scope, str(len(scope.bound)), entry)
        return scope.previous[0]

    def place(self, scope: Scope, name: str, entry: Any) -> None:
        """Run one entry, and bind its name."""
        kind, arguments, modifiers = split(_wrapped(entry), scope.names)
        arguments, inputs = self.inputs(scope, kind, arguments, modifiers)
        if "repeat" in modifiers:
            self.place_copies(scope, name, kind, arguments, modifiers, inputs)
        elif "when" in modifiers and not self.condition(modifiers["when"], scope.names, scope):
            self.absent(scope, name, entry, inputs)
        else:
            path = f"{scope.path}.{name}".lstrip(".")
            self.bind(scope, name, self.one(scope, scope.names, path, kind, arguments, modifiers, inputs))

    def bind(self, scope: Scope, name: str, value: Bound) -> None:
        scope.bound[name] = value
        scope.previous = [value.first]

    def absent(self, scope: Scope, name: str, entry: Any, inputs: list[Tensor]) -> None:
        """An entry that is not there stands for its input; in a list the next one takes its number."""
        if not scope.listed:
            self.bind(scope, name, Bound({"output": inputs[0]}))

    def condition(self, written: Any, names: Names, scope: Scope) -> bool:
        value = evaluate(written, names, scope)
        if not isinstance(value, bool):
            raise Refused("a condition is true or false")
        return value

    def inputs(self, scope: Scope, kind: str, arguments: Any, modifiers: dict[str, Any]) -> tuple[Any, list[Tensor]]:
        """What an entry takes; a function's bare value may name it."""
        written = modifiers.get("from")
        if isinstance(arguments, (str, list)) and (kind in MERGES or kind in FUNCTIONS):
            written, arguments = arguments, None
        if written is None:
            return arguments, scope.previous
        each = written if isinstance(written, list) else [written]
        return arguments, [self.reference(scope, reference, scope.names) for reference in each]

    def one(
        self,
        scope: Scope,
        names: Names,
        path: str,
        kind: str,
        arguments: Any,
        modifiers: dict[str, Any],
        inputs: list[Tensor],
    ) -> Bound:
        """One entry or one copy of it, its skip included."""
        skip = evaluate_skip(modifiers.get("skip"), names, scope)
        inside = Scope(path, {"input": inputs[0]}, names, scope)
        if kind == "layers":
            inside.previous = inputs
            inside.inputs = {f"input{index or ''}": value for index, value in enumerate(inputs)}
            value = Bound({"output": self.sequence(inside, arguments)}, inside.bound)
        elif kind in self.spec.get("blocks", {}):
            value = self.block(scope, names, path, kind, arguments, inputs)
        elif kind in MERGES or kind in FUNCTIONS:
            given = evaluate(_as_mapping(arguments, FUNCTIONS.get(kind, (None, None))[1]), names, scope)
            at = path if skip is None or skip.get("project") is None else f"{path}.layer"
            value = self.function(at, kind, given, modifiers.get("align"), inputs)
        else:
            given = evaluate(_as_mapping(arguments, _primary_of(kind)), names, scope)
            project = None if skip is None else skip.get("project")
            return self.layer(inside, path, kind, given, inputs, skip, project)
        if skip is None:
            return value
        shortcut = self.shortcut(inside, path, skip.get("project"), inputs[0], value.first)
        return self.skipped(skip, shortcut, value)

    def skipped(self, skip: dict[str, Any], shortcut: Tensor, value: Bound) -> Bound:
        merge = skip.get("merge", "add")
        if merge not in ("add", "concat", "mul"):
            raise Refused(f"no skip by `{merge}`")
        return Bound({"output": MERGES[merge]([shortcut, value.first], align=skip.get("align"))}, value.inner)

    def shortcut(self, inside: Scope, path: str, project: Any, given: Tensor, wanted: Tensor) -> Tensor:
        """The input, or its projection."""
        if project is None or (project == "auto" and given.shape == wanted.shape):
            return given
        around = Scope(path, {"input": given}, inside.names, inside)
        self.place(around, "project", _projection(given, wanted) if project == "auto" else project)
        return around.previous[0]

    def layer(
        self,
        inside: Scope,
        path: str,
        kind: str,
        arguments: dict[str, Any],
        inputs: list[Tensor],
        skip: dict[str, Any] | None,
        project: Any,
    ) -> Bound:
        """A layer of torch. Beside a projection it is called `layer`."""
        at = path if project is None else f"{path}.layer"
        if at not in self.modules:
            self.modules[at] = make_layer(kind, arguments, inputs[0])
        value = self.call(at, kind, self.modules[at], inputs)
        if skip is None:
            return value
        shortcut = self.shortcut(inside, path, project, inputs[0], value.first)
        return self.skipped(skip, shortcut, value)

    def call(self, path: str, kind: str, module: nn.Module, inputs: list[Tensor]) -> Bound:
        _check_layout(kind, inputs[0])
        if kind not in SHAPE_ONLY and not inputs[0].is_floating_point():
            raise Refused(f"{kind} computes with real numbers")
        values = flattened(module.train(self.training)(*inputs))
        names = PORTS.get(kind, ["output", "indices"])[: len(values)]
        return self.note(path, dict(zip(names, values, strict=True)))

    def function(self, path: str, kind: str, given: dict[str, Any], align: Any, inputs: list[Tensor]) -> Bound:
        given = {name: _tuples(value) for name, value in given.items()}
        if kind in MERGES:
            align = {} if align is None else {"align": align}
            return self.note(path, {"output": MERGES[kind](inputs, **given, **align)})
        if align is not None or len(inputs) != 1:
            raise Refused("a function of one tensor")
        if inputs[0].dim() < LEAST_DIMENSIONS.get(kind, 0):
            raise Refused(f"{kind} wants a batch")
        if kind not in SHAPE_FUNCTIONS and not inputs[0].is_floating_point():
            raise Refused(f"{kind} computes with real numbers")
        return self.note(path, {"output": FUNCTIONS[kind][0](inputs[0], **given)})

    def note(self, path: str, ports: dict[str, Tensor]) -> Bound:
        self.made[path] = [(tuple(value.shape), value.dtype) for value in ports.values()]
        if min(value.dim() for value in ports.values()) == 0:
            raise Refused("no dimension is left")
        sizes = [value.numel() for value in ports.values()]
        if min(sizes) == 0:
            raise Refused("nothing is left")
        if max(sizes) > MOST_ELEMENTS:
            raise MemoryError
        return Bound(ports)

    def block(self, scope: Scope, names: Names, path: str, kind: str, arguments: Any, inputs: list[Tensor]) -> Bound:
        """A block's entries, which see its parameters, its inputs and the file's variables only."""
        block = self.spec["blocks"][kind]
        params = block.get("params", {})
        given = evaluate(_as_mapping(arguments, next(iter(params), None)), names, scope)
        if unknown := set(given) - set(params):
            raise Refused(f"{kind} has no {unknown}")
        sight = self.variables()
        for name, declared in params.items():
            sight[name] = given[name] if name in given else _declared(declared, sight)
        inside = Scope(path, dict(zip(block.get("inputs", ["input"]), inputs, strict=True)), sight)
        last = self.sequence(inside, block["layers"])
        outputs = block.get("outputs")
        if outputs is None:
            return Bound({"output": last})
        if isinstance(outputs, str):
            return Bound({"output": self.output(inside, outputs)})
        if isinstance(outputs, list):
            outputs = {str(index): each for index, each in enumerate(outputs)}
        return Bound({name: self.output(inside, each) for name, each in outputs.items()})

    def place_copies(
        self, scope: Scope, name: str, kind: str, arguments: Any, modifiers: dict[str, Any], inputs: list[Tensor]
    ) -> None:
        """Chained copies; each stage is a list of its own, or an entry of its own where the name says `stage`."""
        repeat = evaluate(modifiers["repeat"], scope.names, scope)
        counts = repeat if isinstance(repeat, list) else [repeat]
        if not counts or not all(isinstance(count, int) and count > 0 for count in counts):
            raise Refused("a repeat is a positive number")
        stages: dict[str, Bound] = {}
        value, named = inputs[0], "$" in name
        for stage, count in enumerate(counts):
            place = {"stage": stage, "stages": len(counts), "total": sum(counts)}
            own = str(evaluate(name, scope.names | place)) if named else name
            at = own if named or not isinstance(repeat, list) else f"{own}.{len(stages)}"
            done: dict[str, Bound] = {}
            for index in range(count):
                position = sum(counts[:stage]) + index
                here = scope.names | place | {"index": index, "count": count, "position": position}
                if "when" in modifiers and not self.condition(modifiers["when"], here, scope):
                    continue
                given = self.overridden(scope, here, kind, arguments, modifiers, counts)
                path = f"{scope.path}.{at}.{len(done)}".lstrip(".")
                copy = self.one(scope, here, path, kind, given, modifiers, [value, *inputs[1:]])
                done[str(len(done))] = copy
                value = copy.first
            if done:
                stages[own if named else str(len(stages))] = Bound({"output": value}, done)
            elif named:
                stages[own] = Bound({"output": value})
        if named:
            scope.bound |= stages
            scope.previous = [value]
        elif not stages:
            self.absent(scope, name, None, inputs)
        else:
            inner = stages if isinstance(repeat, list) else stages["0"].inner
            self.bind(scope, name, Bound({"output": value}, inner))

    def overridden(
        self, scope: Scope, here: Names, kind: str, arguments: Any, modifiers: dict[str, Any], counts: list[int]
    ) -> Any:
        """The arguments of one copy: later settings win."""
        changes: dict[str, Any] = {}
        lengths = {"per_stage": ("stage", [len(counts)]), "per_repeat": ("index", counts)}
        for modifier, (place, lengths_of) in lengths.items():
            for argument, written in modifiers.get(modifier, {}).items():
                values = evaluate(written, here, scope)
                if not isinstance(values, list) or len(values) != max(lengths_of):
                    raise Refused(f"`{modifier}` has another number of values")
                changes[argument] = values[here[place]]
        if here["index"] == 0:
            changes |= modifiers.get("first", {})
        if here["index"] == here["count"] - 1:
            changes |= modifiers.get("last", {})
        if not changes:
            return arguments
        if kind == "layers":
            raise Refused("a sequence has no arguments")
        if kind in self.spec.get("blocks", {}):
            primary = next(iter(self.spec["blocks"][kind].get("params", {})), None)
        else:
            primary = FUNCTIONS[kind][1] if kind in FUNCTIONS else None if kind in MERGES else _primary_of(kind)
        return _as_mapping(arguments, primary) | changes


def evaluate_skip(written: Any, names: Names, scope: Scope) -> dict[str, Any] | None:
    if written is None:
        return None
    if isinstance(written, dict):
        return {key: value if key == "project" else evaluate(value, names, scope) for key, value in written.items()}
    return {"merge": evaluate(written, names, scope)}


def _declared(declared: Any, names: Names) -> Any:
    """The default of a declaration."""
    if isinstance(declared, dict) and "type" in declared:
        if "default" not in declared:
            raise Refused("a required value is missing")
        return evaluate(declared["default"], names)
    if declared in TYPES or (isinstance(declared, list) and declared and declared[0] in TYPES):
        raise Refused("a required value is missing")
    return declared if isinstance(declared, dict) else evaluate(declared, names)


def _projection(given: Tensor, wanted: Tensor) -> list[Any]:
    """A 1×1 convolution with the stride that fits, and a norm."""
    count = given.dim() - 2
    if given.dim() != wanted.dim() or not 0 <= count <= 3:
        raise Refused("no projection fits")
    out = wanted.shape[1]
    if count == 0:
        return [{"Linear": {"out_features": out, "bias": False}}, "BatchNorm1d"]
    strides = []
    for size, target in zip(given.shape[2:], wanted.shape[2:], strict=True):
        fitting = [step for step in range(1, size + 1) if len(range(0, size, step)) == target]
        if not fitting:
            raise Refused("no projection fits")
        strides.append(fitting[0])
    conv = {"out_channels": out, "kernel_size": 1, "stride": strides, "bias": False}
    return [{f"Conv{count}d": conv}, f"BatchNorm{count}d"]


def flat(result: Any) -> list[Tensor]:
    """The tensors of a result, whatever its form."""
    if isinstance(result, Tensor):
        return [result]
    return list(result.values() if isinstance(result, dict) else itertools.chain(result))
