"""What places entries: held by the context, because scopes hold entries and entries hold scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from archspec.elaborate.arguments import Overrides
    from archspec.elaborate.context import Context
    from archspec.elaborate.environment import Environment, Value
    from archspec.elaborate.scope import Placed
    from archspec.source.tree import Node
    from archspec.spec.document import Entry


class Place(Protocol):
    """Elaborates an entry under a name and path; `stage` where its name is an expression over stages, with what the
    stage before it made."""

    def __call__(
        self,
        context: Context,
        entry: Entry,
        environment: Environment,
        name: str,
        path: str,
        stage: int | None = None,
        before: Value | None = None,
    ) -> Placed: ...


class PlaceOne(Protocol):
    """Elaborates one copy of an entry, with the arguments that its repeat overrides and the inputs that it chooses."""

    def __call__(
        self,
        context: Context,
        entry: Entry,
        environment: Environment,
        inputs: tuple[Value, ...],
        name: str,
        path: str,
        overrides: Overrides,
        moving: tuple[Node, ...] = (),
    ) -> Placed: ...
