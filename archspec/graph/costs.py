"""Memory of activations, from the graph alone."""

from __future__ import annotations

from archspec.graph.needed import training_only
from archspec.graph.nodes import Call, Graph, Ref, calls_of
from archspec.graph.values import origin, sources
from archspec.ops.memory_size import size_of
from archspec.records import record

_VIEWS = frozenset({"Flatten", "flatten", "Identity", "Unflatten"})


@record
class Activations:
    """Bytes for a batch of one, the model's inputs included, parameters and workspace excluded.

    Attributes:
        forward: the most that is alive at once when each value is dropped after its last use.
        training: what is alive at the end of the forward pass: the model's inputs and outputs, and all that autograd
            keeps for the backward pass, once for each piece of memory. `archspec.ops.memory` has the rules.
    """

    forward: int
    training: int


@record
class Macs:
    """Multiply-accumulates for one sample.

    Attributes:
        inference: in eval mode.
        training_only: what a forward pass in training mode computes beside, auxiliary heads say.
    """

    inference: int
    training_only: int


def macs(graph: Graph) -> Macs:
    """What a model computes in matrix products and convolutions."""
    left_out = training_only(graph)
    counts = [(node.id in left_out, sum(call.macs for call in calls_of(node))) for node in graph.root.body]
    return Macs(sum(count for out, count in counts if not out), sum(count for out, count in counts if out))


def activations(graph: Graph) -> Activations:
    """What the values of a model take. Values written in place and views take nothing of their own."""
    found = sources(graph.root)
    every = list(graph.calls())
    memory, sizes = _memory(graph, every, found)
    left_out = training_only(graph)
    calls = [call for node in graph.root.body if node.id not in left_out for call in calls_of(node)]
    results = [output.ref for output in graph.outputs if not output.training_only]
    last_use = {memory[origin(ref, found)]: len(calls) for ref in results}
    for step, call in reversed(list(enumerate(calls))):
        for ref in call.inputs:
            last_use.setdefault(memory[origin(ref, found)], step)
    alive = {memory[Ref(parameter.id)] for parameter in graph.root.parameters}
    peak = now = sum(sizes[ref] for ref in alive)
    for step, call in enumerate(calls):
        fresh = {memory[Ref(call.id, port)] for port in range(len(call.outputs))} - alive
        alive |= fresh
        now += sum(sizes[ref] for ref in fresh)
        peak = max(peak, now)
        over = {memory[origin(ref, found)] for ref in call.inputs} | fresh
        for ref in over & alive:
            if last_use.get(ref, step) <= step:
                alive.remove(ref)
                now -= sizes[ref]
    return Activations(peak, _training(graph, every, found, memory, sizes))


def _training(
    graph: Graph, calls: list[Call], found: dict[Ref, Ref], memory: dict[Ref, Ref], sizes: dict[Ref, int]
) -> int:
    from archspec.ops.memory import kept  # rules of the whole catalogue, which a mere check does not need

    types = {Ref(parameter.id): parameter.type for parameter in graph.root.parameters}
    for call in calls:
        types |= {Ref(call.id, port): type_ for port, type_ in enumerate(call.outputs)}
    alive = {memory[origin(output.ref, found)] for output in graph.outputs}
    alive |= {memory[Ref(parameter.id)] for parameter in graph.root.parameters}
    extra = 0
    for call in calls:
        refs = [origin(ref, found) for ref in call.inputs]
        given = tuple(types[ref] for ref in refs[: len(refs) - len(call.args.named)])
        rule = kept(call.op, call.args, given, call.outputs)
        alive |= {memory[refs[at]] for at in rule.inputs} | {memory[Ref(call.id, port)] for port in rule.outputs}
        extra += rule.extra
    return extra + sum(sizes[ref] for ref in alive)


def _memory(graph: Graph, calls: list[Call], found: dict[Ref, Ref]) -> tuple[dict[Ref, Ref], dict[Ref, int]]:
    """For each value, the value whose memory it uses; and the bytes of each that has memory of its own."""
    memory = {Ref(parameter.id): Ref(parameter.id) for parameter in graph.root.parameters}
    sizes = {Ref(parameter.id): size_of(parameter.type) for parameter in graph.root.parameters}
    for call in calls:
        shares = call.overwrites or call.op.view or call.op.name in _VIEWS
        for port, type_ in enumerate(call.outputs):
            ref = Ref(call.id, port)
            memory[ref] = memory[origin(call.inputs[0], found)] if shares and call.inputs else ref
            if memory[ref] == ref:
                sizes[ref] = 0 if call.op.bare else size_of(type_)
    return memory, sizes
