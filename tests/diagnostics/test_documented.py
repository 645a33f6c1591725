"""Every code has its heading in docs/errors.md, every heading a code, and every example shows it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import archspec
from tests.cli.run import Shell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
SECTIONS = dict(re.findall(r"^## (AS\d{3}): \S.*\n((?:(?!#{1,2} ).*\n?)*)", PAGE, re.MULTILINE))
NO_SPEC_SHOWS_IT = {
    *("AS507", "AS559", "AS612", "AS613", "AS620", "AS621", "AS622", "AS623", "AS634", "AS709", "AS900"),
}
"""An older torch, a package that is missing, a failing machine, several processes or a fault does."""
SHOWN = re.compile(r"\b(?:error|warning)\[(AS\d{3})\]: ")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
NAMES = {"yaml": "net.yaml", "json": "net.json"}


def test_codes_and_headings_are_the_same() -> None:
    used = {code for file in (ROOT / "archspec").rglob("*.py") for code in re.findall(r'"(AS\d{3})"', file.read_text())}
    headings = re.findall(r"^## (AS\d{3}): \S", PAGE, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert used == set(headings)


def blocks(section: str) -> list[tuple[str, str, str]]:
    """Each block's language, its file where it says one (```yaml base.yaml), and its text."""
    return re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", SECTIONS)
def test_a_section_has_a_meaning_an_example_and_a_mend(code: str) -> None:
    section = SECTIONS[code]
    assert re.search(r"^Mend: \S", section, re.MULTILINE)
    languages = {language for language, _, _ in blocks(section)}
    assert code in NO_SPEC_SHOWS_IT or languages
    assert languages <= {"yaml", "json", "python", "console"}
    prose = re.split(r"^```|^Mend:", section, maxsplit=1, flags=re.MULTILINE)[0]
    assert prose.strip() or code in ("AS109", "AS112") or re.match(r"AS[25]\d\d", code), "what does it mean?"


def shown_by_python(text: str) -> list[str]:
    """In a process of its own: an example may register a layer."""
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    return shown_with_help(run.stderr)


def shown_with_help(said: str) -> list[str]:
    """The codes in a text; each says what to write."""
    found = SHOWN.findall(said)
    assert len(re.findall(r"^ +help: ", said, re.MULTILINE)) >= len(found), said
    return found


def shown_by_commands(shell: Shell, text: str) -> list[str]:
    """The commands run in the current folder; `archspec` itself in this process."""
    said = ""
    for line in text.splitlines():
        assert line.startswith("$ ")
        command = line[2:]
        if command.startswith("archspec "):
            run = shell(*shlex.split(command, comments=True)[1:])
            said += run.out + run.err
        else:
            subprocess.run(["bash", "-c", command], check=True, stderr=subprocess.DEVNULL)
    return shown_with_help(said)


@pytest.mark.parametrize("code", sorted(set(SECTIONS) - NO_SPEC_SHOWS_IT))
def test_an_example_shows_its_code_and_no_other(
    code: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("specs", "recipes"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    found: list[str] = []
    examples = blocks(SECTIONS[code])
    commanded = any(language == "console" for language, _, _ in examples)
    for language, name, text in examples:
        if language in NAMES:
            file = tmp_path / (name or NAMES[language])
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    for language, name, text in sorted(examples, key=lambda example: example[0] in NAMES):
        if language == "python":
            found += shown_by_python(text)
        elif language == "console":
            found += shown_by_commands(shell, text)
        elif not name and not commanded:
            (tmp_path / NAMES[language]).write_text(text)  # a section may have two examples
            diagnostics = archspec.check(NAMES[language])
            assert all(diagnostic.help for diagnostic in diagnostics)
            found += [diagnostic.code for diagnostic in diagnostics]
    assert found
    assert set(found) == {code}


@pytest.mark.parametrize("code", sorted(code for code in SECTIONS if "```yaml\n" in SECTIONS[code]))
def test_the_edits_of_an_example_mend_it(code: str) -> None:
    """Each by itself: its fault is gone, and no other has come but what a fault of the syntax had hidden."""
    for text in (text for language, name, text in blocks(SECTIONS[code]) if language == "yaml" and not name):
        before = archspec.check(text)
        for fault in before:
            if fault.edit is None or fault.edit.span.source.included is not None:
                continue
            span = fault.edit.span
            after = archspec.check(text[: span.start] + fault.edit.text + text[span.end :])
            told = [(other.code, other.message) for other in before if other is not fault]
            new = [other for other in after if (other.code, other.message) not in told]
            hid = code.startswith(("AS02", "AS04"))
            assert not [other for other in new if not hid or other.message == fault.message], fault.render()
