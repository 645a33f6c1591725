"""Multiply-accumulates, and the memory of activations in training, from the graph alone."""

from __future__ import annotations

from archspec.graph.memory import trained
from archspec.graph.needed import training_only
from archspec.graph.nodes import Graph, Ref, calls_of
from archspec.records import record


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


def kept_for_training(graph: Graph) -> int:
    """Bytes that are alive at the end of a forward pass in training mode, for a batch of one: the model's inputs and
    outputs, and all that autograd keeps for the backward pass, once for each piece of memory."""
    from archspec.ops.memory import kept  # rules of the whole catalogue, which a mere check does not need

    memory = trained(graph)
    alive = {memory.place(output.ref) for output in graph.outputs}
    alive |= {memory.place(Ref(parameter.id)) for parameter in graph.root.parameters}
    extra = 0
    for call in graph.calls():
        refs = [memory.origin(ref) for ref in call.inputs]
        given = tuple(memory.types[ref] for ref in refs[: len(refs) - len(call.args.named)])
        rule = kept(call.op, call.args, given, call.outputs)
        alive |= {memory.place(refs[at]) for at in rule.inputs}
        alive |= {memory.place(Ref(call.id, port)) for port in rule.outputs}
        extra += rule.extra
    return extra + sum(memory.sizes[ref] for ref in alive)
