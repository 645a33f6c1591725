"""What `archspec check` prints: text for people, JSON for programs, annotations for GitHub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TextIO

from archspec.cli.show import print_diagnostics, write
from archspec.errors import Diagnostic, plural

Result = tuple[str, Sequence[Diagnostic]]


def print_result(
    name: str, diagnostics: Sequence[Diagnostic], table: str | None, stream: TextIO, ok: str = "ok"
) -> None:
    """A spec's diagnostics, its table where there is one, and its verdict; no verdict without a name."""
    print_diagnostics(diagnostics, stream)
    gap = "\n" if diagnostics else ""
    if table is not None:
        write(f"{gap}{table}", stream)
        gap = "\n"
    if name:
        write(f"{gap}{name}: {_counts(diagnostics) or ok}\n", stream)


def print_total(results: Sequence[Result], stream: TextIO) -> None:
    """One line over all specs."""
    results = [result for result in results if result[0]]
    wrong = sum(any(diagnostic.severity == "error" for diagnostic in part) for _, part in results)
    counts = _counts([diagnostic for _, part in results for diagnostic in part])
    verdict = f"{wrong:,} wrong ({counts})" if wrong else f"none wrong{f' ({counts})' if counts else ''}"
    write(f"{plural(len(results), 'spec')} checked, {verdict}\n", stream)


def print_json(diagnostics: Iterable[Diagnostic], stream: TextIO) -> None:
    """A list of objects; docs/diagnostics.md describes them."""
    import json  # for this form only

    data = [diagnostic.as_data() for diagnostic in diagnostics]
    write(json.dumps(data, indent=2, ensure_ascii=not _takes_unicode(stream)) + "\n", stream)


def print_annotations(diagnostics: Iterable[Diagnostic], stream: TextIO) -> None:
    """GitHub's workflow commands, which show each diagnostic beside its line of a pull request."""
    for diagnostic in diagnostics:
        write(annotation(diagnostic) + "\n", stream)


def annotation(diagnostic: Diagnostic) -> str:
    """`::error file=net.yaml,line=3,col=15,endLine=3,endColumn=21,title=AS201::…`."""
    place = {}
    if diagnostic.span is not None:
        data = diagnostic.as_data()
        place = {"file": data["file"], "line": data["line"], "col": data["column"]}
        place |= {"endLine": data["end_line"], "endColumn": data["end_column"]}
    properties = {**place, "title": diagnostic.code}
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    return f"::{diagnostic.severity} {said}::{_escaped(chr(10).join(lines))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _takes_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"


def _counts(diagnostics: Sequence[Diagnostic]) -> str:
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    return ", ".join(plural(counts[severity], severity) for severity in ("error", "warning") if counts[severity])
