"""How a rule of the catalogue says no: without spans, which the elaborator adds."""

from __future__ import annotations

from collections.abc import Iterable


class BadValue(Exception):
    """A value is not one that an argument's type accepts.

    Attributes:
        expected: what the type accepts, e.g. `an integer ≥ 1`.
        index: which element of a list, or which key of a mapping, is at fault; None for the whole value.
        help: what to write instead, where there is one obvious answer.
        suggestion: the value to write instead, as data.
        part: the fault of an argument of the layer that the value is.
    """

    def __init__(
        self,
        expected: str,
        *,
        index: int | str | None = None,
        help: str | None = None,
        suggestion: object = None,
        part: RuleFault | None = None,
    ) -> None:
        super().__init__(expected)
        self.expected = expected
        self.index = index
        self.help = help
        self.suggestion = suggestion
        self.part = part

    def among(self, expected: str, index: int | str | None = None) -> BadValue:
        """The same fault as told by a type around this one, which accepts more."""
        index = self.index if index is None else index
        return BadValue(expected, index=index, help=self.help, suggestion=self.suggestion, part=self.part)


class RuleFault(Exception):
    """A call breaks a rule: of its arguments together, or of its arguments with its inputs.

    Attributes:
        code: the diagnostic's code.
        message: the fault in one sentence; `{name}` stands for what the user calls the layer, in backticks. It may
            hold other braces (a value that the user wrote), so replace `{name}` and nothing else.
        arg: the argument to put the caret under (its value; for AS202 its name); None for the kind itself.
        index: which element of the argument's list, or key of its mapping, is at fault; None for the whole value.
        input: the index of the input at fault, whose chain of shapes is then told.
        notes: further lines of explanation.
        help: what to write instead.
        suggestion: the value of `arg` that mends it, as data (becomes an applicable edit).
        part: the fault within `arg`, which is a layer with arguments of its own.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        arg: str | None = None,
        index: int | str | None = None,
        input: int | None = None,
        notes: tuple[str, ...] = (),
        help: str | None = None,
        suggestion: object = None,
        part: RuleFault | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.arg = arg
        self.index = index
        self.input = input
        self.notes = notes
        self.help = help
        self.suggestion = suggestion
        self.part = part


class RuleFaults(Exception):
    """Every independent fault of one call, its arguments' first."""

    def __init__(self, faults: Iterable[RuleFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.message for fault in self.faults))
