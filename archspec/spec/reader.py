"""What all readers of the tree share: collected faults, and the few questions that they ask of a node."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.errors import Diagnostic, Edit, Span, SpecError, clip, in_file_order
from archspec.source.limits import MAX_FAULTS
from archspec.source.tree import Mapping, Node, Scalar, Sequence, describe
from archspec.suggest import nearest


class Reader:
    """Collects the faults of one document."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []

    def fault(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        help: str | None = None,
        notes: tuple[str, ...] = (),
        edit: Edit | None = None,
        label: str = "",
        warning: bool = False,
    ) -> None:
        """Record a fault, or a warning.

        Raises:
            SpecError: with all of them, when there are as many as are told of one text.
        """
        severity = "warning" if warning else "error"
        self.faults.append(
            Diagnostic(
                code,
                message,
                span,
                label=label,
                notes=notes,
                help=help,
                edit=edit,
                severity=severity,  # type: ignore[arg-type]
            )
        )
        if len(self.faults) >= MAX_FAULTS:
            raise SpecError(in_file_order(self.faults))

    def expected(self, node: Node, what: str, whose: str, help: str | None = None, edit: Edit | None = None) -> None:
        """Record that `whose` value has another form than expected."""
        self.fault("AS101", f"{whose} must be {what}, found {describe(node)}", node.span, help=help, edit=edit)

    def mapping(self, node: Node, whose: str, help: str | None = None) -> Mapping | None:
        """The node if it is a mapping."""
        if isinstance(node, Mapping):
            return node
        self.expected(node, "a mapping", whose, help)
        return None

    def text(self, node: Node, whose: str) -> str | None:
        """The value of a string scalar."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        quoted = f'"{node.span.text}"' if isinstance(node, Scalar) and node.value is not None else None
        self.expected(
            node,
            "a string",
            whose,
            help=f"quote it: `{quoted}`" if quoted else None,
            edit=Edit(node.span, quoted) if quoted else None,
        )
        return None

    def strings(self, node: Node, whose: str) -> list[Scalar]:
        """The scalars of a list of strings; faulty ones are left out."""
        if not isinstance(node, Sequence):
            self.expected(node, "a list", whose)
            return []
        return [item for item in node if isinstance(item, Scalar) and self.text(item, f"each of {whose}") is not None]

    def unknown_key(self, key: Scalar, known: Iterable[str], where: str) -> None:
        """Record a key that does not exist there, with the nearest one that does."""
        known = tuple(known)
        name = str(key.value)
        guess = nearest(name, known)
        if guess:
            help, edit = f"did you mean `{guess[0]}`?", Edit(key.span, guess[0])
        else:
            help, edit = f"{where} can have " + ", ".join(f"`{name}`" for name in known), None
        self.fault("AS102", f"{where} has no key `{clip(name)}`", key.span, help=help, edit=edit)

    def not_yet(self, key: Scalar, help: str | None = None) -> None:
        """Record a key that the language has and this version cannot compile."""
        message = f"`{key.value}` is part of the language, but this version of archspec cannot compile it yet"
        self.fault("AS108", message, key.span, help=help or f"leave `{key.value}` out")

    def keys(self, node: Mapping, known: tuple[str, ...], where: str) -> None:
        """Record every key of a mapping that is none of the known ones."""
        for key, _ in node:
            if key.value not in known:
                self.unknown_key(key, known, where)
