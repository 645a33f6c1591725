"""The fenced blocks of the documentation, with what the words behind their language ask of the tests.

| the fence opens with | means |
|---|---|
| yaml | a spec, if it begins with `archspec: 1` and has layers |
| yaml NAME.yaml | the same, and a file of that name for the commands that follow |
| yaml NAME.yaml wrong | only the file: the commands say what is wrong with it |
| python becomes | the classes that the exporter makes of the spec above, written by `make golden` |
| python becomes A B.forward | only these of them |
| python pytorch | a hand-written network, `model`, that the spec next to it must equal |
| python run | a program that has to run, in the folder of the page's files |
| console | commands and what they print |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

DOCS = [
    Path("README.md"),
    *(Path("docs") / f"{name}.md" for name in ("language", "tutorial", "from-pytorch", "training")),
]
_FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A fenced block, and where its text stands in the page."""

    page: Path
    language: str
    words: tuple[str, ...]
    text: str
    start: int
    end: int
    line: int

    @property
    def is_spec(self) -> bool:
        right = self.language == "yaml" and "wrong" not in self.words
        return right and re.match(r"archspec: 1\n(?:.*\n)*(layers|extends):", self.text) is not None

    @property
    def name(self) -> str:
        return f"{self.page.stem}-{self.line}"


def fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page, in order."""
    text = page.read_text()
    return [
        Fence(
            page,
            found[1],
            tuple(found[2].split()),
            found[3],
            found.start(3),
            found.end(3),
            text[: found.start()].count("\n") + 1,
        )
        for found in _FENCE.finditer(text)
    ]


def pairs(page: Path, word: str) -> list[tuple[Fence, Fence]]:
    """Each spec of a page with the next block if that is a `python` one with this word."""
    found = fences(page)
    return [
        (spec, code)
        for spec, code in pairwise(found)
        if spec.is_spec and code.language == "python" and code.words[:1] == (word,)
    ]


def put(fence: Fence, text: str) -> None:
    """Write other text into a block. The blocks behind it move."""
    page = fence.page.read_text()
    fence.page.write_text(page[: fence.start] + text + page[fence.end :])
