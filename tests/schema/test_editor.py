"""What somebody sees who writes a spec in an editor: the real `yaml-language-server`, asked over its protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schema.editor.client import Editor, install

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))
SMALL = sorted((Path(__file__).parent / "specs").rglob("*.yaml"))
FIRST_LINE = f"# yaml-language-server: $schema={ROOT}/schemas/archspec.schema.json\n"
HEAD = FIRST_LINE + "archspec: 1\ninput: [3, 32, 32]\nlayers:\n"
LINE = HEAD.count("\n")
"""The number of the first line after the head."""


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    reason = install()
    if reason is not None:
        pytest.skip(reason)
    running = Editor()
    yield running
    running.close()


def _underlined(editor: Editor, path: Path, text: str) -> dict[str, str]:
    """The underlined text (of one line) and what is said of it."""
    lines = text.split("\n")
    found = {}
    for item in editor.open(path, text):
        start, end = item["range"]["start"], item["range"]["end"]
        found[lines[start["line"]][start["character"] : end["character"]]] = item["message"]
    return found


@pytest.mark.parametrize("path", [*SPECS, *SMALL], ids=lambda path: path.stem)
def test_no_spec_is_underlined(editor: Editor, path: Path) -> None:
    assert _underlined(editor, path, path.read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize("path", [*SPECS, *SMALL], ids=lambda path: path.stem)
def test_every_spec_names_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None
    assert (path.parent / named[1]).resolve() == ROOT / "schemas" / "archspec.schema.json"


def test_arguments_are_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "arguments.yaml"
    editor.open(path, HEAD + "  stem:\n    Conv2d:\n      \n")
    offered = editor.complete(path, LINE + 2, 6)
    assert {"out_channels", "kernel_size", "padding_mode"} <= set(offered)
    assert offered["out_channels"]["documentation"] == "channels of the output"


def test_arguments_are_completed_inside_braces(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "braces.yaml"
    editor.open(path, HEAD + "  stem: {Conv2d: {out_channels: 8, ker}}\n")
    offered = editor.complete(path, LINE, len("  stem: {Conv2d: {out_channels: 8, ker"))
    assert "kernel_size" in offered
    assert "out_channels" not in offered


@pytest.mark.parametrize(
    "line", ["  stem: {Conv2d: {o}}", "  stem: [{Conv2d: {o}}, ReLU]", "  stem: {layers: [{Conv2d: {o}}]}"]
)
def test_a_first_argument_is_completed_inside_braces(editor: Editor, tmp_path: Path, line: str) -> None:
    path = tmp_path / f"{abs(hash(line))}.yaml"
    editor.open(path, HEAD + line + "\n")
    offered = editor.complete(path, LINE, line.index("{o}") + 2)
    assert {"out_channels", "kernel_size", "padding_mode"} <= set(offered)


def test_kinds_and_modifiers_are_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "kinds.yaml"
    editor.open(path, HEAD + "  stem:\n    \n")
    offered = editor.complete(path, LINE + 1, 4)
    assert {"Conv2d", "add", "rearrange", "repeat", "layers"} <= set(offered)
    assert "nonzero" not in offered  # which the language refuses, with a reason


def test_kinds_alone_are_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "alone.yaml"
    editor.open(path, HEAD + "  act: \n")
    offered = editor.complete(path, LINE, 7)
    assert offered["ReLU"]["documentation"]["value"] == "max(0, x)."
    assert "Conv2d" not in offered  # which needs arguments


def test_words_are_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    text = "  stem: {Conv2d: {out_channels: 8, kernel_size: 3, padding_mode: }}\n"
    editor.open(path, HEAD + text)
    assert set(editor.complete(path, LINE, text.index("}"))) == {"zeros", "reflect", "replicate", "circular"}


def test_defaults_are_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "defaults.yaml"
    head = FIRST_LINE + "archspec: 1\ninput: [3, 32, 32]\n"
    editor.open(path, head + "defaults:\n  Conv2d:\n    \nlayers: [ReLU]\n")
    offered = editor.complete(path, 5, 4)
    assert {"out_channels", "kernel_size", "padding_mode"} <= set(offered)
    assert offered["out_channels"]["documentation"] == "channels of the output"
    path = tmp_path / "kinds_of_defaults.yaml"
    editor.open(path, head + "defaults:\n  \nlayers: [ReLU]\n")
    offered = editor.complete(path, 4, 2)
    assert {"Conv2d", "concat"} <= set(offered)
    assert "repeat" not in offered


@pytest.mark.parametrize(
    ("defaults", "entry", "underlined"),
    [
        ("{Conv2d: {kernel_size: 3}}", "{Conv2d: 8}", {}),
        ("{Conv2d: {kernel_size: 3}, MaxPool2d: 2}", "[Conv2d: 8, MaxPool2d]", {}),
        ("{Linear: 10}", "Linear", {}),
        ("{ReLU: {inplace: true}}", "Linear", {"Linear": "needs arguments"}),
        ("{Conv2d: {bias: false}}", "{Conv2d: 8}", {"8": "Incorrect type"}),
        ("{Conv2d: {kernal_size: 3}}", "ReLU", {"kernal_size": "not allowed"}),
        ("{Conv2d: {kernel_size: 0}}", "ReLU", {"0": "minimum of 1"}),
    ],
)
def test_defaults_are_underlined_where_they_are_wrong(
    editor: Editor, tmp_path: Path, defaults: str, entry: str, underlined: dict[str, str]
) -> None:
    text = FIRST_LINE + f"archspec: 1\ninput: [3, 32, 32]\ndefaults: {defaults}\nlayers:\n  it: {entry}\n"
    found = _underlined(editor, tmp_path / f"{abs(hash(text))}.yaml", text)
    assert set(found) == set(underlined)
    assert all(said in found[place] for place, said in underlined.items()), found


def test_a_recipe_is_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    editor.open(path, HEAD + "  fc: {Linear: 10}\ntrain:\n  optimizer:\n    SGD:\n      \n")
    assert {"lr", "momentum", "weight_decay"} <= set(editor.complete(path, LINE + 4, 6))


def test_a_misspelt_argument_is_underlined(editor: Editor, tmp_path: Path) -> None:
    text = HEAD + "  stem: {Conv2d: {out_channels: 8, kernel_size: 3, paddng: 1}}\n"
    found = editor.open(tmp_path / "argument.yaml", text)
    column = len("  stem: {Conv2d: {out_channels: 8, kernel_size: 3, ")
    assert [item["range"] for item in found] == [
        {
            "start": {"line": LINE, "character": column},
            "end": {"line": LINE, "character": column + len("paddng")},
        }
    ]
    assert "paddng" in found[0]["message"]


def test_a_misspelt_argument_deep_inside_is_underlined(editor: Editor, tmp_path: Path) -> None:
    head = (
        FIRST_LINE + "archspec: 1\ninput: [3, 32, 32]\nblocks:\n  down:\n    layers:\n      body:\n        repeat: 2\n"
    )
    line = "        layers: [{layers: [ReLU, {Conv2d: {out_channels: 3, kernel_size: 1, paddng: 0}}], skip: add}]"
    text = head + line + "\nlayers: {a: down}\n"
    found = editor.open(tmp_path / "deep.yaml", text)
    at = {"line": head.count("\n"), "character": line.index("paddng")}
    assert [item["range"] for item in found] == [
        {"start": at, "end": {**at, "character": at["character"] + len("paddng")}}
    ]


@pytest.mark.parametrize(
    ("entry", "underlined", "said"),
    [
        ("{Conv2D: {out_channels: 8, kernel_size: 3}}", "Conv2D: {out_channels: 8, kernel_size: 3}", "`Conv2d`"),
        ("BatchNrm2d", "stem: BatchNrm2d", "`BatchNorm2d`"),
        ("{Linear: 10, repeets: 2}", "repeets", '"repeat"'),
        ("{Conv2d: {kernel_size: 3}}", "Conv2d", "out_channels"),
        ("{Conv2d: {out_channels: eight, kernel_size: 3}}", "eight", "an integer ≥ 1"),
        ("{Conv2d: {out_channels: 8, kernel_size: 0}}", "0", "minimum of 1"),
        ("{Conv2d: {out_channels: 8, kernel_size: 3, padding_mode: relfect}}", "relfect", '"reflect"'),
        ("{from: input}", "{from: input}", "no kind"),
        ("Linear", "Linear", "needs arguments"),
    ],
)
def test_a_fault_is_underlined(editor: Editor, tmp_path: Path, entry: str, underlined: str, said: str) -> None:
    text = HEAD + f"  stem: {entry}\n"
    path = tmp_path / f"{abs(hash(entry))}.yaml"
    found = _underlined(editor, path, text)
    assert said in found[underlined]


def test_hover_explains(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "hover.yaml"
    text = "  stem: {Conv2d: {out_channels: 8, kernel_size: 3}, skip: add}\n"
    editor.open(path, HEAD + text)
    assert "2-d convolution" in editor.hover(path, LINE, text.index("Conv2d") + 1)
    assert "channels of the output" in editor.hover(path, LINE, text.index("out_channels") + 1)
    assert "merged with the input" in editor.hover(path, LINE, text.index("skip") + 1)


def test_hover_explains_a_kind_alone(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "alone.yaml"
    editor.open(path, HEAD + "  act: ReLU\n")
    shown = editor.hover(path, LINE, 8)
    assert "max(0, x)." in shown
    assert "GELU" not in shown


def test_what_an_overlay_may_say_is_completed(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    head = FIRST_LINE + "archspec: 1\nextends: zoo:resnet34\nlayers:\n"
    editor.open(path, head + "  act:\n    \n")
    assert {"after", "before", "repeat"} <= set(editor.complete(path, LINE + 1, 4))
    editor.open(tmp_path / "whole.yaml", HEAD + "  act:\n    \n")
    assert "after" not in editor.complete(tmp_path / "whole.yaml", LINE + 1, 4)
