"""Which values of a graph lie in one piece of memory, and how large each piece is."""

from __future__ import annotations

from archspec.graph.nodes import Call, Graph, Ref
from archspec.graph.values import origin, sources
from archspec.ops.memory_size import size_of
from archspec.ops.order import is_copied
from archspec.records import record
from archspec.tensors import TensorType

_VIEWS = frozenset({"Flatten", "flatten", "Identity", "Unflatten"})
_TURNED = "scaled_dot_product_attention"  # its heads lie behind its steps, so that joining them is a view


@record
class Memory:
    """The memory of a graph's values, for a batch of one.

    Attributes:
        sizes: the bytes of each value that has memory of its own. Views and values written in place have none, nor has
            a bare parameter, which counts as the model's.
        types: the type of each value.
    """

    sizes: dict[Ref, int]
    types: dict[Ref, TensorType]
    _places: dict[Ref, Ref]
    _sources: dict[Ref, Ref]

    def origin(self, ref: Ref) -> Ref:
        """The call's port or model input that a reference means in the end."""
        return origin(ref, self._sources)

    def place(self, ref: Ref) -> Ref:
        """The value whose memory the one that is referred to uses."""
        return self._places[origin(ref, self._sources)]


def trained(graph: Graph) -> Memory:
    """In training mode."""
    return _memory(graph, evaluating=False)


def evaluated(graph: Graph) -> Memory:
    """In eval mode, where what drops at random hands its input on."""
    return _memory(graph, evaluating=True)


def _memory(graph: Graph, *, evaluating: bool) -> Memory:
    found = sources(graph.root)
    types = {Ref(parameter.id): parameter.type for parameter in graph.root.parameters}
    places = {ref: ref for ref in types}
    turned: set[int] = set()
    for call in graph.calls():
        source = origin(call.inputs[0], found) if call.inputs else None
        shares = source is not None and (
            _shares(call, source.id in turned or not evaluating) or (evaluating and _hands_on(call))
        )
        if call.op.name == _TURNED:
            turned.add(call.id)
        for port, type_ in enumerate(call.outputs):
            ref = Ref(call.id, port)
            types[ref] = type_
            places[ref] = places[source] if source is not None and shares else ref
    bare = {call.id for call in graph.calls() if call.op.bare}
    sizes = {ref: 0 if ref.id in bare else size_of(types[ref]) for ref, place in places.items() if ref == place}
    return Memory(sizes, types, places, found)


def _shares(call: Call, turned: bool) -> bool:
    """Whether what a call gives lies in its first input, whose dimensions may lie in memory `turned`."""
    copied = not turned and is_copied(call.op, call.args)
    return call.overwrites or call.op.name in _VIEWS or (bool(call.op.view) and not copied)


def _hands_on(call: Call) -> bool:
    """Whether a call gives its input itself where nothing is dropped."""
    return "ropout" in call.op.name or call.op.name in ("StochasticDepth", "DropBlock2d", "DropBlock3d")
