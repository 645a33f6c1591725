"""Faulty texts with the piece that a diagnostic must mark between `«` and `»`."""

from __future__ import annotations

from archspec.errors import Diagnostic, SourceText, SpecError
from archspec.source import read


def faults(text: str, name: str = "net.yaml") -> tuple[Diagnostic, ...]:
    """What reading the text is refused with; nothing where it is accepted."""
    try:
        read(SourceText(name, text))
    except SpecError as error:
        return error.diagnostics
    return ()


def only_fault(marked: str, name: str = "net.yaml") -> Diagnostic:
    """The one fault of a text, which must mark what stands between `«` and `»`."""
    before, _, rest = marked.partition("«")
    inside, _, after = rest.partition("»")
    found = faults(before + inside + after, name)
    assert len(found) == 1, [fault.render() for fault in found]
    span = found[0].span
    assert span is not None
    assert (span.start, span.end) == (len(before), len(before) + len(inside)), found[0].render()
    return found[0]


def mended(fault: Diagnostic) -> str:
    """The text with the fault's edit applied."""
    assert fault.edit is not None
    span = fault.edit.span
    return span.source.text[: span.start] + fault.edit.text + span.source.text[span.end :]
