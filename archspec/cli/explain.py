"""`archspec explain`: the sections of docs/errors.md, which an installed archspec carries along."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

import archspec
from archspec.cli.show import is_coloured, write
from archspec.suggest import nearest

_PACKAGE = Path(archspec.__file__).parent
_PLACES = (_PACKAGE / "errors.md", _PACKAGE.parent / "docs" / "errors.md")  # in a wheel, in a checkout
_SECTION = re.compile(r"^## (AS\d{3}): (.+)\n((?:(?!#{1,2} ).*\n?)*)", re.MULTILINE)
_CHAPTER = re.compile(r"^# (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD, _COLOUR, _RESET = "\033[1m", "\033[36m", "\033[0m"


@click.command(short_help="Explain an error code.")
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Explain an error code: what it means, an example, the mend. Without CODE: list them all.

    Exit status: 0, or 2 if there is no such code.
    """
    text = errors_page()
    sections = {found.group(1): found for found in _SECTION.finditer(text)}
    colour = is_coloured(sys.stdout)
    if code is None:
        write(_listed(text, colour), sys.stdout)
        return 0
    wanted = code.upper()
    wanted = wanted if wanted.startswith("AS") else f"AS{wanted}"
    if wanted not in sections:
        near = nearest(wanted, sections, limit=3)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"there is no code {code[:40]}.{meant} `archspec explain` lists them all.")
    title, body = sections[wanted].group(2), sections[wanted].group(3)
    write(_shown(f"{wanted}: {title}", body, colour), sys.stdout)
    return 0


def errors_page() -> str:
    """The text of docs/errors.md."""
    return next(place for place in _PLACES if place.is_file()).read_text(encoding="utf-8")


def _listed(text: str, colour: bool) -> str:
    """Every code with its title, by chapter."""
    lines = []
    for line in text.splitlines():
        section, chapter = _SECTION.match(line + "\n"), _CHAPTER.match(line)
        if section is not None:
            lines.append(f"  {section.group(1)}  {section.group(2)}")
        elif chapter is not None and chapter.group(1) != "Errors":
            lines += ["", f"{_BOLD}{chapter.group(1)}{_RESET}" if colour else chapter.group(1)]
    return "\n".join(lines[1:]) + "\n"


def _shown(title: str, body: str, colour: bool) -> str:
    """A section for a terminal: examples are indented instead of fenced."""
    lines, in_example = [f"{_BOLD}{title}{_RESET}" if colour else title, ""], False
    for line in body.strip().splitlines():
        if line.startswith("```"):
            in_example = not in_example
        elif in_example:
            lines.append(f"    {line}".rstrip())
        else:
            lines.append(_CODE.sub(rf"{_COLOUR}\1{_RESET}", line) if colour else line)
    return "\n".join(lines) + "\n"
