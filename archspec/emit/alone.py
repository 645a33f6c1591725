"""One call of a graph as a graph of its own, to find out which layer it is that torch cannot take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archspec.graph.nodes import Call, Graph, Output, Ref, Scope, ScopeInput
from archspec.graph.values import origin, sources
from archspec.tensors import TensorType


def each_alone(graph: Graph) -> Iterator[tuple[Call, Graph]]:
    """Every layer and function, those that differ in nothing but their place once, each as a model of its own."""
    found = sources(graph.root)
    types = {Ref(parameter.id): parameter.type for parameter in graph.root.parameters}
    seen: set[str] = set()
    for call in graph.calls():
        types |= {Ref(call.id, port): type_ for port, type_ in enumerate(call.outputs)}
        inputs = tuple(types[origin(ref, found)] for ref in call.inputs)
        key = f"{call.op.name}{sorted(call.args.items(), key=str)}{inputs}"
        if not (call.op.bare or call.module or key in seen):
            seen.add(key)
            yield call, alone(call, inputs)


def alone(call: Call, inputs: tuple[TensorType, ...]) -> Graph:
    """A model that is one call, of inputs of these types."""
    parameters = tuple(ScopeInput(index, f"input{index + 1}", type_) for index, type_ in enumerate(inputs))
    refs = tuple(Ref(parameter.id) for parameter in parameters)
    body = replace(call, id=len(inputs), path=call.name, inputs=refs)
    outputs = tuple(Output(f"output{port + 1}", Ref(body.id, port), type_) for port, type_ in enumerate(call.outputs))
    root = Scope(
        id=body.id + 1,
        name="",
        path="",
        kind="model",
        inputs=(),
        parameters=parameters,
        body=(body,),
        results=tuple(output.ref for output in outputs),
        outputs=call.outputs,
        ports=call.op.ports,
        span=call.span,
    )
    return Graph("Alone", root, outputs, "tuple")
