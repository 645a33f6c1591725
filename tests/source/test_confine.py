"""Paths that a spec names: what is followed, what is refused, and that no link leads out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.errors import SourceText, Span, SpecError
from archspec.source import confine, limits
from archspec.source.confine import load_included, locate
from archspec.source.home import NOWHERE, Home, home_of_file, home_of_text
from archspec.source.tree import Scalar

BLOCKS = "archspec: 1\nblocks: {head: {layers: {fc: {Linear: 3}}}}\n"


def scalar(path: str) -> Scalar:
    text = SourceText("net.yaml", path)
    return Scalar(path, Span(text, 0, len(path)))


def code(path: str, home: Home) -> str:
    with pytest.raises(SpecError) as caught:
        load_included(scalar(path), home)
    (fault,) = caught.value.diagnostics
    assert fault.span is not None
    assert fault.span.text == path
    return fault.code


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`specs/net.yaml` beside `secret.yaml`, which no spec in `specs` may read."""
    (tmp_path / "specs" / "parts").mkdir(parents=True)
    for name in ("secret.yaml", "specs/own.yaml", "specs/parts/part.yaml"):
        (tmp_path / name).write_text(BLOCKS)
    return tmp_path


@pytest.fixture
def home(tree: Path) -> Home:
    return home_of_file(tree / "specs" / "net.yaml")


@pytest.mark.parametrize("path", ["own.yaml", "./own.yaml", "parts/part.yaml", "parts/../own.yaml", "parts//part.yaml"])
def test_inside(path: str, home: Home) -> None:
    assert load_included(scalar(path), home).text.text == BLOCKS


def test_a_path_is_relative_to_the_file_that_it_stands_in(tree: Path, home: Home) -> None:
    inner = load_included(scalar("parts/part.yaml"), home).home
    assert load_included(scalar("../own.yaml"), inner).home.file == str((tree / "specs/own.yaml").resolve())
    assert code("own.yaml", inner) == "AS241"
    assert code("../../secret.yaml", inner) == "AS240"


@pytest.mark.parametrize("path", ["../secret.yaml", "parts/../../secret.yaml", "../specs2/x.yaml", ".."])
def test_out_of_the_tree(path: str, tree: Path, home: Home) -> None:
    (tree / "specs2").mkdir()
    (tree / "specs2" / "x.yaml").write_text(BLOCKS)
    assert code(path, home) == "AS240"


def test_what_is_outside_cannot_be_told_from_what_is_not_there(home: Home) -> None:
    said = []
    for path in ("../secret.yaml", "../absent.yaml"):
        with pytest.raises(SpecError) as caught:
            load_included(scalar(path), home)
        said.append(caught.value.diagnostics[0].message.replace(path, "PATH"))
    assert said[0] == said[1]


def test_the_file_system_is_not_asked_about_what_is_outside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "realpath", lambda path: pytest.fail(f"looked at {path}"))
    assert code("../secret.yaml", home) == "AS240"


def test_links_that_lead_out(tree: Path, home: Home) -> None:
    specs = tree / "specs"
    (specs / "file.yaml").symlink_to(tree / "secret.yaml")
    (specs / "relative.yaml").symlink_to("../secret.yaml")
    (specs / "up").symlink_to(tree)
    (specs / "absent.yaml").symlink_to(tree / "nothing.yaml")
    (specs / "twice.yaml").symlink_to(specs / "file.yaml")
    for path in ("file.yaml", "relative.yaml", "up/secret.yaml", "absent.yaml", "twice.yaml"):
        assert code(path, home) == "AS240", path


def test_links_that_stay_inside(tree: Path, home: Home) -> None:
    specs = tree / "specs"
    (specs / "same.yaml").symlink_to(specs / "own.yaml")
    (specs / "folder").symlink_to(specs / "parts")
    assert load_included(scalar("same.yaml"), home).home.file == str((specs / "own.yaml").resolve())
    assert load_included(scalar("folder/part.yaml"), home).text.text == BLOCKS
    (specs / "loop.yaml").symlink_to(specs / "loop.yaml")
    assert code("loop.yaml", home) in ("AS004", "AS240", "AS241")


def test_the_folder_of_the_named_file_counts_also_where_it_is_a_link(tree: Path) -> None:
    (tree / "specs" / "net.yaml").write_text("archspec: 1\ninput: [2]\nimport: own.yaml\nlayers: {h: head}\n")
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere" / "net.yaml").symlink_to(tree / "specs" / "net.yaml")
    assert [fault.code for fault in archspec.check(tree / "elsewhere" / "net.yaml")] == ["AS241"]
    assert archspec.check(tree / "specs" / "net.yaml") == ()


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="files are not opened step by step here")
@pytest.mark.parametrize("swapped", ["parts", "parts/part.yaml"])
def test_a_link_that_is_put_in_between(swapped: str, tree: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check of a path and its opening, a file or folder becomes a link out of the tree."""

    def located(path: Scalar, home: Home) -> str:
        place = locate(path, home)
        (tree / "specs" / swapped).rename(tree / "gone")
        (tree / "part.yaml").write_text("archspec: 1\ndescription: secret\n")
        (tree / "specs" / swapped).symlink_to(tree if swapped == "parts" else tree / "part.yaml")
        return place

    monkeypatch.setattr(confine, "locate", located)
    assert code("parts/part.yaml", home) in ("AS004", "AS241")


def test_what_is_no_file(tree: Path, home: Home) -> None:
    specs = tree / "specs"
    os.mkfifo(specs / "pipe.yaml")
    (specs / "folder.yaml").mkdir()
    with open(specs / "huge.yaml", "wb") as file:
        file.truncate(limits.MAX_BYTES + 1)
    (specs / "latin.yaml").write_bytes(b"archspec: 1\ndescription: caf\xe9\n")
    codes = [code(name, home) for name in ("pipe.yaml", "folder.yaml", "huge.yaml", "latin.yaml")]
    assert codes == ["AS002", "AS002", "AS003", "AS005"]


def test_other_files_of_the_tree_are_not_shown(tree: Path, home: Home) -> None:
    (tree / "specs" / ".env").write_text("KEY=secret\n")
    (tree / "specs" / "key.pem").write_text("secret\n")
    for path in (".env", "key.pem", "own"):
        assert code(path, home) == "AS240"


def test_a_text_has_no_folder_unless_the_caller_gives_it_one(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "specs")
    text = "archspec: 1\ninput: [2]\nimport: own.yaml\nlayers: {h: head}\n"
    data = {"archspec": 1, "input": [2], "import": "own.yaml", "layers": {"h": "head"}}
    for spec in (text, data):
        assert [fault.code for fault in archspec.check(spec)] == ["AS240"]
        assert archspec.check(spec, allow_roots=["."]) == ()
        assert archspec.load(spec, allow_roots=[tree / "specs"]).num_params == 9
    assert code("own.yaml", NOWHERE) == "AS240"
    assert home_of_text([]) is NOWHERE


def test_roots_that_the_caller_allows(tree: Path) -> None:
    net = tree / "specs" / "net.yaml"
    net.write_text("archspec: 1\ninput: [2]\nimport: ../secret.yaml\nlayers: {h: head}\n")
    assert [fault.code for fault in archspec.check(net)] == ["AS240"]
    assert archspec.check(net, allow_roots=[tree]) == ()
    assert [fault.code for fault in archspec.check(net, allow_roots=[tree / "specs" / "parts"])] == ["AS240"]
    assert archspec.build(net, allow_roots=[str(tree)]).h.fc.out_features == 3


@pytest.mark.parametrize("key", ["allow_root", "allow_roots", "roots", "allow-root"])
def test_no_key_of_a_spec_allows_a_root(key: str, tree: Path) -> None:
    net = tree / "specs" / "net.yaml"
    net.write_text(f"archspec: 1\ninput: [2]\n{key}: [..]\nimport: ../secret.yaml\nlayers: {{h: head}}\n")
    assert "AS240" in [fault.code for fault in archspec.check(net)]


PIECES = st.sampled_from(
    ["..", ".", "parts", "own.yaml", "up", "secret.yaml", "", "~", "C:", "specs", "x", "part.yaml"]
)


@given(st.lists(PIECES, min_size=1, max_size=6).map("/".join))
def test_whatever_is_followed_lies_inside(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    root = tmp_path_factory.mktemp("tree")
    (root / "specs" / "parts").mkdir(parents=True)
    (root / "specs" / "up").symlink_to(root)
    for name in ("secret.yaml", "specs/own.yaml", "specs/parts/part.yaml"):
        (root / name).write_text(BLOCKS)
    try:
        place = load_included(scalar(path), home_of_file(root / "specs" / "net.yaml")).home.file
    except SpecError as error:
        place, codes = "", {fault.code for fault in error.diagnostics}
    else:
        codes = set()
    assert codes <= {"AS240", "AS241", "AS002", "AS004"}
    assert codes or Path(place).is_relative_to((root / "specs").resolve())
