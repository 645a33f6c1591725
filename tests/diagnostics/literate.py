"""Specs and what is said of them, as documents: a heading per kind of mistake, under it fenced blocks.

    ```yaml                a faulty spec (or `json`)
    ```beside PATH         a file that the spec below it names
    ```made NAME           a faulty spec that a function of `made.py` writes, for what a document cannot hold
    ```text                all that is said of the spec above it; rewritten by `make golden`
    ```yaml mended         the same spec as the help says: accepted
    ```yaml accepted       a spec that is fine though it looks odd: accepted, built and run

`yaml build` and `yaml train` build and train the spec instead of checking it; `yaml warned` has warnings only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = "```"


@dataclass
class Fenced:
    """One fenced block: the words after the fence, its lines, and the line of the document that the fence stands in."""

    words: tuple[str, ...]
    lines: list[str]
    at: int

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.lines)


@dataclass
class Case:
    """A spec under a heading, the files beside it, what is said of it and its mended form, where these are there."""

    heading: str
    spec: Fenced
    number: int
    beside: tuple[Fenced, ...] = ()
    said: Fenced | None = None
    mended: Fenced | None = None

    @property
    def id(self) -> str:
        return f"{self.heading.split(maxsplit=1)[0].rstrip('.')}-{self.number}"


@dataclass
class Heading:
    """A kind of mistake: its number, its words, its cases, and why it has none, where it has none."""

    number: str
    words: str
    cases: list[Case]
    reason: str = ""


def fenced(lines: list[str]) -> Iterator[str | Fenced]:
    """The lines outside of fences, and the fenced blocks."""
    block: Fenced | None = None
    for at, line in enumerate(lines):
        if block is None and line.startswith(_FENCE):
            block = Fenced(tuple(line[len(_FENCE) :].split()), [], at)
        elif block is not None and line == _FENCE:
            yield block
            block = None
        elif block is not None:
            block.lines.append(line)
        else:
            yield line


def read(document: Path) -> list[Heading]:
    """The headings of a document in order."""
    headings: list[Heading] = []
    beside: list[Fenced] = []
    for part in fenced(document.read_text(encoding="utf-8").split("\n")):
        if isinstance(part, str):
            if part.startswith("## "):
                number, words = part[3:].split(". ", 1)
                headings.append(Heading(number, words, []))
            elif part.startswith("Not applicable: "):
                headings[-1].reason = part.removeprefix("Not applicable: ")
            continue
        cases = headings[-1].cases
        if part.words[0] == "beside":
            beside.append(part)
        elif part.words[0] == "text":
            cases[-1].said = part
        elif part.words[-1] == "mended":
            cases[-1].mended = part
        else:
            cases.append(Case(headings[-1].number, part, len(cases) + 1, tuple(beside)))
            beside = []
    return headings


def rewrite(document: Path, said: dict[int, str]) -> None:
    """Put new texts under the specs whose fences stand in the given lines."""
    written: list[str] = []
    lines = document.read_text(encoding="utf-8").split("\n")
    texts = {block.at: block for block in fenced(lines) if isinstance(block, Fenced)}
    ends = {at + len(block.lines) + 1 for at, block in texts.items() if at in said}
    skip_until = -1
    for at, line in enumerate(lines):
        if at <= skip_until:
            continue
        written.append(line)
        if at not in ends:
            continue
        start = next(start for start, block in texts.items() if start + len(block.lines) + 1 == at)
        after = texts.get(at + 1)
        if after is not None and after.words == ("text",):
            skip_until = at + 1 + len(after.lines) + 1
        written += [f"{_FENCE}text", *said[start].split("\n"), _FENCE]
    document.write_text("\n".join(written), encoding="utf-8")
