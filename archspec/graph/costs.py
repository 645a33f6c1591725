"""Multiply-accumulates, and the memory of activations in training, from the graph alone."""

from __future__ import annotations

from archspec.graph.memory import trained
from archspec.graph.needed import training_only
from archspec.graph.nodes import Graph, Ref, calls_of
from archspec.records import record

_DIFFERENTIABLE = {"type_as": 1} | dict.fromkeys(
    (
        *("arange", "eye", "linspace", "new_zeros", "new_ones", "new_full"),
        *("full_like", "zeros_like", "ones_like", "randn_like", "rand_like", "detach"),
    ),
    0,
)
"""How many of their inputs these carry a gradient to, where it is not all."""


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
    learning: set[Ref] = set()
    for call in graph.calls():
        refs = [memory.origin(ref) for ref in call.inputs]
        differentiable = refs[: _DIFFERENTIABLE.get(call.op.name)]
        if not call.num_params and not learning.intersection(differentiable):
            continue  # autograd keeps nothing of what no parameter is part of
        learning |= {Ref(call.id, port) for port in range(len(call.outputs))}
        given = tuple(memory.types[ref] for ref in refs[: len(refs) - len(call.args.named)])
        rule = kept(call.op, call.args, given, call.outputs)
        read = [refs[at] for at in rule.inputs]
        if call.op.name == "mul" and len(read) == 2:  # each factor's gradient reads the other one
            read = [other for own, other in (read, read[::-1]) if own in learning]
        alive |= {memory.place(ref) for ref in read}
        alive |= {memory.place(Ref(call.id, port)) for port in rule.outputs}
        extra += rule.extra
    return extra + sum(memory.sizes[ref] for ref in alive)
