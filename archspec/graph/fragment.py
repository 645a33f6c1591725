"""What is known of a model that a fault withholds: its nodes up to the first entry that could not be placed."""

from __future__ import annotations

from archspec.graph.nodes import Node, ScopeInput
from archspec.records import record


@record
class Lost:
    """The first entry that became no node.

    Attributes:
        name: its name in its scope.
        path: its place in the module tree.
        kind: what it would have been.
        line: where it stands.
        before: the largest id that a node had when it was lost.
        code: the fault that was found last.
    """

    name: str
    path: str
    kind: str
    line: int
    before: int
    code: str | None


@record
class Fragment:
    """The inputs and top-level nodes that were inferred. Scopes around the lost entry hold what is known inside.

    A scope input without a type has a shape of no dimensions.
    """

    parameters: tuple[ScopeInput, ...]
    body: tuple[Node, ...]
    lost: Lost | None
