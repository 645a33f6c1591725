"""An interpreter of specs, written from the language reference: the judge of what a spec means.

It walks the dict with running tensors, making torch's layers as it meets them. It knows nothing of the compiler, and
imports nothing of it. What it cannot do it refuses by raising, as torch does.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from tests.fuzz.copies import of_as_many, place_copies, place_inline
from tests.fuzz.functions import FUNCTIONS, MERGES, PIECES, SHAPE_FUNCTIONS, in_pieces
from tests.fuzz.layers import (
    LEAST_DIMENSIONS,
    PORTS,
    as_tuples,
    check_layout,
    check_written,
    flattened,
    make_layer,
    ordered,
    primary_of,
    projection,
    tie,
)
from tests.fuzz.policies import check_policies
from tests.fuzz.scope import Bound, Names, Refused, Scope, evaluate
from tests.fuzz.several import PORTS_OF, SEVERAL, asks_for_batch, function_primary, is_function
from tests.fuzz.tensors import bare_tensor
from tests.fuzz.written import as_mapping, declared_value, evaluate_skip, lists_inputs, split, wrapped

Spec = Mapping[str, Any]

MOST_ELEMENTS = 1_000_000


@dataclass
class Interpreter:
    """A spec that runs.

    Attributes:
        modules: the layers made so far, by their place in the module tree.
        tensors: the bare tensors made so far, by their place.
        made: shape and element type of each layer's and function's outputs in the last run, by its place.
        log: the places, kinds and arguments of what has been called, in order.
        born: the places of layers and bare tensors, in the order in which they were made.
        orders: by the place of a block's instance, what its module registers first.
        instances: by such a place, the block.
        transient: the places of buffers that are no part of the state.
        certain: those of buffers whose values the spec says.
    """

    spec: Spec
    training: bool = True
    batch: int = 2
    modules: dict[str, nn.Module] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    made: dict[str, list[tuple[tuple[int, ...], torch.dtype]]] = field(default_factory=dict)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    born: list[str] = field(default_factory=list)
    orders: dict[str, list[str]] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    transient: set[str] = field(default_factory=set)
    certain: set[str] = field(default_factory=set)

    def run(self, *tensors: Tensor, training: bool = True) -> Any:
        """The model's result."""
        self.training, self.batch = training, tensors[0].shape[0]
        self.made, self.log = {}, []
        scope = self.model(*tensors)
        self.sequence(scope, self.spec["layers"])
        result = self.outputs(scope)
        check_policies(self)
        return result

    def model(self, *tensors: Tensor) -> Scope:
        """The scope of the whole model, before its first entry."""
        names = self.spec.get("inputs", ["input"])
        return Scope("", dict(zip(names, tensors, strict=True)), self.variables(), is_module=True)

    def variables(self) -> Names:
        """The variables, which may use each other in any order."""
        written = self.spec.get("vars", {})
        names: Names = {}
        for _ in written:
            for name, value in written.items():
                if name in names:
                    continue
                try:
                    names[name] = declared_value(value, names)
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
                self.place(scope, scope.number, entry)
        return scope.previous[0]

    def place(self, scope: Scope, name: str, entry: Any) -> None:
        """Run one entry, and bind its name."""
        kind, arguments, modifiers = split(wrapped(entry), scope.names)
        arguments, inputs, moving = self.inputs(scope, kind, arguments, modifiers)
        if "inline" in modifiers:
            place_inline(self, scope, kind, arguments, modifiers)
        elif "repeat" in modifiers:
            place_copies(self, scope, name, kind, arguments, modifiers, inputs, moving)
        elif self.is_left_out(scope, modifiers):
            self.absent(scope, name, entry, inputs)
        else:
            inputs = [*inputs, *(self.reference(scope, reference, scope.names) for reference in moving)]
            path = f"{scope.path}.{name}".lstrip(".")
            made = self.one(scope, scope.names, path, kind, arguments, modifiers, inputs)
            if made.is_absent:
                self.absent(scope, name, entry, inputs)
            else:
                self.bind(scope, name, made)

    def bind(self, scope: Scope, name: str, value: Bound) -> None:
        if name in scope.bound:
            raise Refused("a stage of an entry before has that name")
        scope.bound[name] = value
        scope.previous = [value.first]

    def absent(self, scope: Scope, name: str, entry: Any, inputs: list[Tensor]) -> None:
        """An entry that is not there stands for its input; in a list the next one takes its number."""
        if not scope.listed:
            self.bind(scope, name, Bound({"output": inputs[0]}, is_absent=True))

    def condition(self, written: Any, names: Names, scope: Scope) -> bool:
        value = evaluate(written, names, scope)
        if not isinstance(value, bool):
            raise Refused("a condition is true or false")
        return value

    def is_left_out(self, scope: Scope, modifiers: dict[str, Any]) -> bool:
        """Whether an entry without copies is not there."""
        if "when" not in modifiers or "repeat" in modifiers:
            return False
        return not self.condition(modifiers["when"], scope.names, scope)

    def inputs(
        self, scope: Scope, kind: str, arguments: Any, modifiers: dict[str, Any]
    ) -> tuple[Any, list[Tensor], list[Any]]:
        """The arguments, what an entry takes (a function's bare value may name it), and the further inputs that each
        copy of a repeat chooses for itself, or an entry that has a `when`."""
        written = modifiers.get("from")
        if lists_inputs(kind, arguments):
            written, arguments = arguments, None
        if written is None:
            return arguments, scope.previous, []
        if isinstance(written, dict):
            names = self.spec["blocks"][kind]["inputs"]
            if not set(names) <= set(written) and not self.is_left_out(scope, modifiers):
                raise Refused("an input is not given")
            written = [written[name] for name in names if name in written]
        each = written if isinstance(written, list) else [written]
        may_move = "repeat" in modifiers or "when" in modifiers
        moving = each[1:] if may_move and any("$" in str(other) for other in each[1:]) else []
        fixed = each[:1] if moving else each
        return arguments, [self.reference(scope, reference, scope.names) for reference in fixed], moving

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
        start = len(self.log)
        value = self.first_call(scope, names, path, kind, arguments, modifiers, inputs)
        if kind in ("use", "Parameter", "Buffer") or is_function(kind) or value.is_absent:
            return value
        again = self.again(scope, names, path, kind, arguments, modifiers, self.log[start:])
        if not value.path:  # a module with a forward of its own
            again = of_as_many(inputs, again)
        return replace(value, again=again, path=value.path or path)

    def again(
        self,
        scope: Scope,
        names: Names,
        path: str,
        kind: str,
        arguments: Any,
        modifiers: dict[str, Any],
        calls: list[tuple[str, str, str]],
    ) -> Callable[[list[Tensor]], Bound]:
        """A further call of the same module: the same place, so the same layers. A bare skip is none of the module."""
        skip = modifiers.get("skip")
        keep = {"align", "merge", *(["skip"] if isinstance(skip, dict) and skip.get("project") is not None else [])}
        own = {key: value for key, value in modifiers.items() if key in keep}

        seen = scope.as_now()

        def call(inputs: list[Tensor]) -> Bound:
            around = Scope(scope.path, {}, names, seen, previous=inputs)
            with self.further(calls):
                return self.first_call(around, names, path, kind, arguments, own, inputs)

        return call

    @contextlib.contextmanager
    def further(self, calls: list[tuple[str, str, str]]) -> Iterator[None]:
        """What is called in here is what was called first; it has the places of a first call, whose shapes stay."""
        made, start = dict(self.made), len(self.log)
        try:
            yield
        finally:
            self.made = made
        if self.log[start:] != calls:
            raise Refused("a further call would need another module")

    def first_call(
        self,
        scope: Scope,
        names: Names,
        path: str,
        kind: str,
        arguments: Any,
        modifiers: dict[str, Any],
        inputs: list[Tensor],
    ) -> Bound:
        skip = evaluate_skip(modifiers.get("skip"), names, scope)
        at = path if skip is None or skip.get("project") is None else f"{path}.layer"
        inside = Scope(path, {"input": inputs[0]} if inputs else {}, names, scope, is_module=True)
        if kind == "layers":
            inside.previous = inputs
            inside.inputs = {f"input{index or ''}": value for index, value in enumerate(inputs)}
            value = Bound({"output": self.sequence(inside, arguments)}, inside.bound)
        elif kind == "use":
            value = self.used(scope if at == path else inside, names, arguments, inputs)
        elif kind in ("Parameter", "Buffer"):
            return self.bare(scope, names, path, kind, arguments)
        elif kind == "branches":
            start = len(self.log)
            value = self.branches(scope, names, at, arguments, modifiers, inputs)
            if at != path:
                again = self.again(scope, names, at, kind, arguments, {"merge": modifiers["merge"]}, self.log[start:])
                inner = replace(value, again=of_as_many(inputs, again), path=at)
                value = replace(value, inner={"layer": inner})
        elif kind in self.spec.get("blocks", {}):
            value = self.block(scope, names, path, kind, arguments, inputs)
        elif is_function(kind):
            given = self.given(kind, arguments, function_primary(kind), names, scope)
            if not scope.knows_batch(self.batch) and asks_for_batch(kind, given, inputs, self.batch):
                raise Refused("no input of the forward has the batch")
            value = self.function(at, kind, given, modifiers.get("align"), inputs)
        else:
            given = self.given(kind, arguments, primary_of(kind), names, scope)
            project = None if skip is None else skip.get("project")
            tied = self.tied(scope, names, modifiers.get("tie"))
            return self.layer(inside, path, kind, given, inputs, skip, project, tied)
        if skip is None or value.is_absent:
            return value
        shortcut = self.shortcut(inside, path, skip.get("project"), inputs[0], value.first)
        return self.skipped(skip, shortcut, value)

    def given(self, kind: str, arguments: Any, primary: str | None, names: Names, scope: Scope) -> Names:
        """The arguments of an entry over the defaults of its kind."""
        defaults = as_mapping(self.spec.get("defaults", {}).get(kind), primary)
        written = evaluate(as_mapping(arguments, primary), names, scope)
        return {**(evaluate(defaults, self.variables()) if defaults else {}), **written}

    def used(self, scope: Scope, names: Names, reference: Any, inputs: list[Tensor]) -> Bound:
        found = scope.reach(str(evaluate(reference, names, scope)))
        if found.is_absent:
            return Bound({"output": inputs[0]}, is_absent=True)
        if found.again is None:
            raise Refused("no module")
        if not found.path.startswith(f"{scope.owner()}.".lstrip(".")):
            raise Refused("the forward around it does not hold that module")
        value = found.again(inputs)
        return replace(value, inner={}, again=found.again, path=found.path)

    def tied(self, scope: Scope, names: Names, tie: dict[str, str] | None) -> dict[str, nn.Parameter]:
        """The parameters that a layer's own ones are."""
        made = {}
        for own, reference in (tie or {}).items():
            layer, _, name = str(evaluate(reference, names, scope)).rpartition(".")
            module = self.modules.get(scope.reach(layer).path) if layer else None
            found = self.tensors.get(scope.reach(name).path) if module is None else getattr(module, name, None)
            if not isinstance(found, nn.Parameter):
                raise Refused("no parameter of an earlier layer")
            made[own] = found
        return made

    def bare(self, scope: Scope, names: Names, path: str, kind: str, arguments: Any) -> Bound:
        """A tensor of the module around it."""
        if scope.owner() != path.rpartition(".")[0]:
            raise Refused("branches have no forward, which could use a tensor of theirs")
        held = bare_tensor(self, scope, names, kind, arguments)
        if path not in self.tensors:
            self.born.append(path)
            self.tensors[path] = held.tensor
        if held.is_certain:
            self.certain.add(path)
        if held.is_transient:
            self.transient.add(path)
        self.log.append((path, kind, held.said))
        return replace(self.note(path, {"output": self.tensors[path]}), path=path)

    def branches(
        self, scope: Scope, names: Names, path: str, entries: Any, modifiers: dict[str, Any], inputs: list[Tensor]
    ) -> Bound:
        """The same input into each entry, and their results merged. None of them sees another."""
        made: dict[str, Tensor] = {}
        inner: dict[str, Bound] = {}
        named = isinstance(entries, dict)
        for name, entry in entries.items() if named else ((str(len(made)), each) for each in entries):
            around = Scope(path, {}, names, scope, previous=inputs, listed=not named)
            self.place(around, name, entry)
            inner |= around.bound
            made |= {key: value.first for key, value in around.bound.items() if not value.is_absent}
        if not made:
            return Bound({"output": inputs[0]}, is_absent=True)
        merge = evaluate(modifiers["merge"], names, scope)
        word, arguments = next(iter(merge.items())) if isinstance(merge, dict) else (merge, None)
        if word == "none" or len(made) == 1:
            return Bound(made, inner)
        if word not in ("concat", "add", "mul", "mean"):
            raise Refused(f"no merge by `{word}`")
        align = {"align": modifiers["align"]} if "align" in modifiers else {}
        function = MERGES["mean_of" if word == "mean" else word]
        given = {**(arguments or {}), **align}
        return Bound({"output": function(list(made.values()), **given, batch=self.batch)}, inner)

    def skipped(self, skip: dict[str, Any], shortcut: Tensor, value: Bound) -> Bound:
        merge = skip.get("merge", "add")
        if merge not in ("add", "concat", "mul"):
            raise Refused(f"no skip by `{merge}`")
        made = MERGES[merge]([shortcut, value.first], align=skip.get("align"), batch=self.batch)
        return replace(value, ports={"output": made})

    def shortcut(self, inside: Scope, path: str, project: Any, given: Tensor, wanted: Tensor) -> Tensor:
        """The input, or its projection."""
        if project is None or (project == "auto" and given.shape == wanted.shape):
            return given
        around = Scope(path, {"input": given}, inside.names, inside, is_module=True)
        self.place(around, "project", projection(given, wanted) if project == "auto" else project)
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
        tied: dict[str, nn.Parameter],
    ) -> Bound:
        """A layer of torch. Beside a projection it is called `layer`."""
        at = path if project is None else f"{path}.layer"
        check_written(arguments, inputs[0])
        if at not in self.modules:
            self.modules[at] = make_layer(kind, arguments, inputs[0])
            self.born.append(at)
            tie(self.modules[at], tied)
        self.log.append((at, kind, repr(arguments)))
        value = replace(self.call(at, kind, self.modules[at], inputs), path=at)
        if skip is None:
            return value
        shortcut = self.shortcut(inside, path, project, inputs[0], value.first)
        made = self.skipped(skip, shortcut, value)
        if project is None:
            return made

        def again(given: list[Tensor]) -> Bound:
            with self.further([(at, kind, repr(arguments))]):
                return self.layer(inside, at, kind, arguments, given, None, None, {})

        return replace(made, path="", inner={"layer": replace(value, again=again)})

    def call(self, path: str, kind: str, module: nn.Module, inputs: list[Tensor]) -> Bound:
        check_layout(kind, inputs[0])
        if len(inputs) > 1 and kind not in PORTS:
            raise Refused(f"{kind} takes one input")
        values = flattened(module.train(self.training)(*(ordered(kind, given) for given in inputs)))
        names = PORTS.get(kind, ["output", "indices"])[: len(values)]
        return self.note(path, dict(zip(names, values, strict=True)))

    def function(self, path: str, kind: str, given: dict[str, Any], align: Any, inputs: list[Tensor]) -> Bound:
        self.log.append((path, kind, repr((given, align))))
        given = {name: as_tuples(value) for name, value in given.items()}
        if kind in MERGES:
            align = {} if align is None else {"align": align}
            return self.note(path, {"output": MERGES[kind](inputs, **given, **align, batch=self.batch)})
        if align is not None:
            raise Refused("nothing to align")
        if kind in SEVERAL:
            made = SEVERAL[kind](inputs, **given, batch=self.batch)
            return self.note(path, dict(zip(PORTS_OF.get(kind, ("output",)), flattened(made), strict=True)))
        if len(inputs) != 1:
            raise Refused("a function of one tensor")
        if inputs[0].dim() < LEAST_DIMENSIONS.get(kind, 0):
            raise Refused(f"{kind} wants a batch")
        if kind not in SHAPE_FUNCTIONS and not inputs[0].is_floating_point():
            raise Refused(f"{kind} computes with real numbers")
        if kind in PIECES:
            pieces = in_pieces(kind, inputs[0], given, self.batch)
            self.log.append((path, "pieces", str(len(pieces))))
            return self.note(path, pieces)
        return self.note(path, {"output": FUNCTIONS[kind][0](ordered(kind, inputs[0]), **given)})

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
        given = evaluate(as_mapping(arguments, next(iter(params), None)), names, scope)
        if unknown := set(given) - set(params):
            raise Refused(f"{kind} has no {unknown}")
        sight = self.variables()
        for name, declared in params.items():
            sight[name] = given[name] if name in given else declared_value(declared, sight)
        inside = Scope(path, dict(zip(block.get("inputs", ["input"]), inputs, strict=True)), sight, is_module=True)
        last = self.sequence(inside, block["layers"])
        self.orders[path], self.instances[path] = block.get("order", []), kind
        if missing := set(self.orders[path]) - set(inside.bound):
            raise Refused(f"no entries {missing} to put in order")
        outputs = block.get("outputs")
        if outputs is None:
            return Bound({"output": last})
        if isinstance(outputs, str):
            return Bound({"output": self.output(inside, outputs)})
        if isinstance(outputs, list):
            outputs = {str(index): each for index, each in enumerate(outputs)}
        return Bound({name: self.output(inside, each) for name, each in outputs.items()})


def flat(result: Any) -> list[Tensor]:
    """The tensors of a result, whatever its form."""
    if isinstance(result, Tensor):
        return [result]
    return list(result.values() if isinstance(result, dict) else itertools.chain(result))
