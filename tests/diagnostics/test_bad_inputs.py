"""What people really send: each kind of mistake with all that is said of it, its mend, and what must be accepted."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import archspec
from archspec.errors import Diagnostic, SpecError, UsageError
from tests.cli.run import Shell
from tests.diagnostics import literate, made
from tests.diagnostics.literate import Case

DOCUMENTS = sorted((Path(__file__).parent / "bad_inputs").glob("*.md"))
HEADINGS = {document.stem: literate.read(document) for document in DOCUMENTS}
COUNTS = {"a": 6, "b": 6, "c": 9, "d": 10, "e": 15, "f": 3, "g": 8, "h": 7, "i": 7, "j": 14, "k": 6, "l": 11}
"""How many kinds of mistake each list has."""
ALL = [case for headings in HEADINGS.values() for heading in headings for case in heading.cases]
FAULTY = [case for case in ALL if case.spec.words[-1] != "accepted"]
GOOD = [case for case in ALL if case.spec.words[-1] == "accepted"]
MENDED = [case for case in ALL if case.mended is not None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ids(case: Case) -> str:
    return case.id


def path_of(block: literate.Fenced, beside: tuple[literate.Fenced, ...] = ()) -> str:
    for other in beside:
        path = Path(other.words[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(other.text, encoding="utf-8")
    if block.words[0] == "made":
        made_path: str = getattr(made, block.words[1])()
        return made_path
    name = f"net.{block.words[0]}"
    Path(name).write_text(block.text, encoding="utf-8")
    return name


def found(path: str, command: str = "check") -> tuple[Diagnostic, ...]:
    if command == "check":
        return archspec.check(path)
    try:
        getattr(archspec, command)(path)
    except SpecError as error:
        return error.diagnostics
    except UsageError as error:
        return (error.diagnostic,)
    return ()


def command_of(case: Case) -> str:
    last = case.spec.words[-1]
    return last if last in ("build", "train") else "check"


def errors(diagnostics: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]


@pytest.fixture(scope="session", autouse=True)
def rewritten() -> Iterator[None]:
    """With ARCHSPEC_GOLDEN=rewrite, the texts that the cases gave, written into the documents at the end."""
    yield
    for document, headings in zip(DOCUMENTS, HEADINGS.values(), strict=True):
        said = {case.spec.at: SAID[case.id] for heading in headings for case in heading.cases if case.id in SAID}
        if said:
            literate.rewrite(document, said)


SAID: dict[str, str] = {}


def test_every_kind_of_mistake_has_its_place() -> None:
    numbers: dict[str, list[str]] = defaultdict(list)
    for document, headings in HEADINGS.items():
        for heading in headings:
            numbers[document[0]].append(heading.number)
            assert heading.cases or heading.reason, heading
    expected = {letter: [f"{letter.upper()}{at}" for at in range(1, count + 1)] for letter, count in COUNTS.items()}
    assert {letter: found[: COUNTS[letter]] for letter, found in numbers.items()} == expected


@pytest.mark.parametrize("case", FAULTY, ids=ids)
def test_text(case: Case) -> None:
    faults = found(path_of(case.spec, case.beside), command_of(case))
    assert all(fault.help for fault in faults)
    said = "\n\n".join(fault.render() for fault in faults)
    said = said.replace(os.path.realpath(os.curdir), "/home/me")
    if os.environ.get("ARCHSPEC_GOLDEN") == "rewrite":
        SAID[case.id] = said
        return
    assert case.said is not None
    assert said + "\n" == case.said.text


@pytest.mark.parametrize("case", FAULTY, ids=ids)
def test_exit_status(case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = command_of(case)
    path = path_of(case.spec, case.beside)
    run = Shell(monkeypatch, capsys)(command, path)
    usage = command == "build" or "error[AS002]" in run.out  # the limit is the caller's, and so is the path
    assert run.status == (0 if "warned" in case.spec.words or os.path.isdir(path) else 2 if usage else 1)
    assert "Traceback" not in run.out + run.err


def applied(diagnostics: tuple[Diagnostic, ...]) -> str | None:
    """The text after every edit; None where there is none."""
    edits = [d.edit for d in diagnostics if d.edit is not None and d.edit.span.source.included is None]
    if not edits:
        return None
    text = edits[0].span.source.text
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@pytest.mark.parametrize("case", FAULTY, ids=ids)
def test_every_edit_makes_its_fault_go_away(case: Case) -> None:
    path = path_of(case.spec, case.beside)
    before = now = found(path)
    without = [(d.code, d.message) for d in errors(before) if d.edit is None or d.edit.span.source.included]
    for _ in range(3):  # what a fault of the syntax hides comes to light when it is mended
        text = applied(now)
        if text is None:
            break
        Path(path).write_text(text, encoding="utf-8")
        now = found(path)
    left = [(d.code, d.message) for d in errors(now)]
    if case.heading.startswith("L"):  # of so many faults, some hid what comes to light
        left = [fault for fault in left if fault in without or not fault[0].startswith(COMES_TO_LIGHT)]
        assert [fault for fault in left if fault not in without] == []
    else:
        assert left == without


COMES_TO_LIGHT = ("AS23", "AS30", "AS31")
"""What can be told only when other faults are mended: shapes, and calls of modules with other ones."""


@pytest.mark.parametrize("case", FAULTY, ids=ids)
def test_an_edit_by_itself_mends_its_fault_and_makes_no_other(case: Case) -> None:
    path = path_of(case.spec, case.beside)
    before = found(path)
    for fault in before:
        if fault.edit is None or fault.edit.span.source.included is not None:
            continue
        text, span = fault.edit.span.source.text, fault.edit.span
        Path(path).write_text(text[: span.start] + fault.edit.text + text[span.end :], encoding="utf-8")
        left = Counter((d.code, d.message) for d in errors(found(path)))
        others = Counter((d.code, d.message) for d in errors(before) if d is not fault)
        new = [which for which in left - others if not which[0].startswith(COMES_TO_LIGHT)]
        hid = fault.code.startswith(("AS02", "AS05")) or fault.span is None  # the rest of the text was not read
        assert hid or new == [], fault.render()


@pytest.mark.parametrize("case", MENDED, ids=ids)
def test_the_help_mends(case: Case) -> None:
    assert case.mended is not None
    assert not errors(found(path_of(case.mended, case.beside)))


@pytest.mark.parametrize("case", GOOD, ids=ids)
def test_accepted_built_and_run(case: Case) -> None:
    architecture = archspec.load(path_of(case.spec, case.beside))
    assert not architecture.warnings
    module = architecture.build()
    assert isinstance(module, torch.nn.Module)
    assert architecture.prove(module) == ()
