"""Memory of activations: what a model takes to evaluate and to train."""

from __future__ import annotations

from archspec.graph.costs import kept_for_training
from archspec.graph.nodes import Graph
from archspec.records import record


@record
class Activations:
    """Bytes for a batch of one, the model's inputs included, its parameters and the workspace of kernels excluded.

    Attributes:
        forward: the most that is alive at once in eval mode and without gradients: what the generated forwards hold
            in variables, and what layers make inside. `archspec.ops.working` has the rules.
        training: what is alive at the end of the forward pass in training mode: the model's inputs and outputs, and
            all that autograd keeps for the backward pass. `archspec.ops.memory` has the rules.
    """

    forward: int
    training: int


def activations(graph: Graph) -> Activations:
    """What the values of a model take."""
    from archspec.emit.lifetimes import most_alive  # rules of the whole catalogue, which a mere check does not need

    return Activations(most_alive(graph), kept_for_training(graph))
