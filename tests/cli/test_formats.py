"""The forms of `archspec check`'s output, as docs/diagnostics.md describes them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.cli.report import annotation
from archspec.errors import Diagnostic, SourceText, Span
from tests.cli.conftest import BAD
from tests.cli.run import Shell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "diagnostics.md").read_text()


def test_json_is_as_documented(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, listed = re.findall(r"^```(?:yaml|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[:2]
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(spec)
    for option in (["--json"], ["--format", "json"], ["--format=json"]):
        assert json.loads(shell("check", "net.yaml", *option).out) == json.loads(listed)


def test_every_field_is_documented(shell: Shell, specs: Path) -> None:
    (fault,) = json.loads(shell("check", "bad.yaml", "--json").out)
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert described == fault.keys() | fault["edit"].keys()


def test_offsets_and_columns_name_the_same_text(shell: Shell, specs: Path) -> None:
    (specs / "bad.yaml").write_bytes(b"\xef\xbb\xbf# \xf0\x9f\x92\xa1\r\n" + BAD.replace("\n", "\r\n").encode())
    (fault,) = json.loads(shell("check", "bad.yaml", "--json").out)
    edit = fault["edit"]
    text = (specs / "bad.yaml").read_bytes().decode("utf-8-sig")
    assert text[edit["start"] : edit["end"]] == "Lineer"
    line = text.split("\r\n")[edit["line"] - 1]
    assert line[edit["column"] - 1 : edit["end_column"] - 1] == "Lineer"


def test_json_and_annotations_say_nothing_else(shell: Shell, specs: Path) -> None:
    assert json.loads(shell("check", "good.yaml", "bad.yaml", "--json").out)
    assert shell("check", "good.yaml", "--format", "github").out == ""
    run = shell("check", "good.yaml", "bad.yaml", "warned.yaml", "--format", "github")
    assert run.status == 1
    assert [line.split(" ")[0] for line in run.out.splitlines()] == ["::error", "::warning"]


def test_an_annotation(shell: Shell, specs: Path) -> None:
    assert shell("check", "bad.yaml", "--format", "github").out == (
        "::error file=bad.yaml,line=3,col=15,endLine=3,endColumn=21,title=AS201::"
        "there is no layer, function or block called `Lineer`%0Ahelp: did you mean `Linear`?\n"
    )


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """As GitHub's runner reads a command: properties up to the second `::`, then unescaped."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None
    kind, properties, message = match.groups()
    split = dict(pair.split("=", 1) for pair in properties.split(","))

    def plain(text: str, *, is_property: bool) -> str:
        pairs = [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if is_property else []), ("%25", "%")]
        for written, meant in pairs:
            text = text.replace(written, meant)
        return text

    return kind, {k: plain(v, is_property=True) for k, v in split.items()}, plain(message, is_property=False)


@pytest.mark.parametrize("odd", ["a,b", "a:b", "100%", "%0A", "a::b", "a\nb", "a\r\nb", "file=x,line=9::"])
def test_nothing_escapes_from_an_annotation(odd: str) -> None:
    source = SourceText(odd, "first\n")
    diagnostic = Diagnostic("AS201", odd, Span(source, 0, 5), notes=(odd,), help=odd)
    written = annotation(diagnostic)
    assert "\n" not in written
    assert "\r" not in written
    kind, properties, message = parsed(written)
    assert (kind, properties["file"], properties["line"]) == ("error", odd, "1")
    assert message == f"{odd}\nnote: {odd}\nhelp: {odd}"


def test_without_a_place(shell: Shell, specs: Path) -> None:
    run = shell("check", "missing.yaml", "--format", "github")
    assert run.status == 2
    assert run.out.startswith("::error title=AS001::there is no file `missing.yaml`")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
    ],
)
def test_colour_in_a_pipe(
    shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\033[" in shell("check", "bad.yaml").out) == coloured
    assert "\033[" not in shell("check", "bad.yaml", "--json").out


@pytest.mark.parametrize(("term", "coloured"), [("xterm", True), ("dumb", False)])
def test_colour_in_a_terminal(specs: Path, term: str, coloured: bool) -> None:
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'archspec', 'check', 'bad.yaml']) >> 8)"
    environment = {"TERM": term, "PYTHONPATH": str(ROOT), "PATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=specs, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert ("\033[1;31merror[AS201]" in run.stdout) == coloured


@pytest.mark.parametrize("options", [["--table", "--json"], ["--diff", "--format", "github"], ["--full"]])
def test_options_that_do_not_go_together(shell: Shell, specs: Path, options: list[str]) -> None:
    run = shell("check", "good.yaml", *options)
    assert run.status == 2
    assert "goes with" in run.err


def test_an_output_that_cannot_be_written(specs: Path) -> None:
    for command in ("check good.yaml", "explain", "check bad.yaml --json", "build good.yaml"):
        run = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m archspec {command} > /dev/full"],
            cwd=specs, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (2, "archspec: the output cannot be written: no space left on device\n")


@pytest.mark.parametrize("command", ["explain", "check good.yaml", "check bad.yaml --json"])
def test_a_reader_that_has_gone(specs: Path, command: str) -> None:
    run = subprocess.run(
        ["bash", "-c", f"({sys.executable} -m archspec {command}; echo $? > status) | true; "
         f"{sys.executable} -m archspec {command} >&-"],
        cwd=specs, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert run.stderr == ""
