"""How a rule of the catalogue says no: without spans, which the elaborator adds."""

from __future__ import annotations


class BadValue(Exception):
    """A value is not one that an argument's type accepts.

    Attributes:
        expected: what the type accepts, e.g. `an integer ≥ 1`.
        index: which element of a list is at fault, None for the whole value.
        help: what to write instead, where there is one obvious answer.
        suggestion: the value to write instead, as data.
    """

    def __init__(
        self, expected: str, *, index: int | None = None, help: str | None = None, suggestion: object = None
    ) -> None:
        super().__init__(expected)
        self.expected = expected
        self.index = index
        self.help = help
        self.suggestion = suggestion


class RuleFault(Exception):
    """A call breaks a rule: of its arguments together, or of its arguments with its inputs.

    Attributes:
        code: the diagnostic's code.
        message: the fault in one sentence; `{name}` stands for what the user calls the layer.
        arg: the argument to put the caret under; None for the kind itself.
        input: the index of the input at fault, whose chain of shapes is then told.
        notes: further lines of explanation.
        help: what to write instead.
        suggestion: the value of `arg` that mends it, as data (becomes an applicable edit).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        arg: str | None = None,
        input: int | None = None,
        notes: tuple[str, ...] = (),
        help: str | None = None,
        suggestion: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.arg = arg
        self.input = input
        self.notes = notes
        self.help = help
        self.suggestion = suggestion
