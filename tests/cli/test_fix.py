"""`archspec check --fix` and `--diff`."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from archspec.cli import mend as mending
from tests.cli.conftest import BAD, GOOD
from tests.cli.run import Shell

MENDED = BAD.replace("Lineer", "Linear")
HEAD = "archspec: 1\ninput: [3, 16, 16]\n"


def test_a_misspelling_is_mended_and_told(shell: Shell, specs: Path) -> None:
    run = shell("check", "bad.yaml", "--fix")
    assert run.status == 0
    assert run.out == (
        "mended bad.yaml: 1 fault (AS201)\n"
        "  3 - layers: {fc: {Lineer: 3}}\n"
        "  3 + layers: {fc: {Linear: 3}}\n"
        "bad.yaml: ok\n"
    )
    assert (specs / "bad.yaml").read_text() == MENDED
    assert shell("check", "bad.yaml", "--fix").out == "bad.yaml: ok\n"


def test_a_misspelling_in_defaults_is_mended(shell: Shell, specs: Path) -> None:
    text = HEAD + "defaults: {Conv2D: {kernel_sise: 3}}\nlayers: {conv: {Conv2d: 8}}\n"
    (specs / "bad.yaml").write_text(text)
    assert shell("check", "bad.yaml", "--fix").status == 0
    assert (specs / "bad.yaml").read_text() == text.replace("Conv2D", "Conv2d").replace("kernel_sise", "kernel_size")


def test_nothing_is_written_where_nothing_is_mended(shell: Shell, specs: Path) -> None:
    text = BAD.replace("Lineer: 3", "Linear: 0")
    (specs / "bad.yaml").write_text(text)
    before = [(path.name, path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(specs.iterdir())]
    assert shell("check", ".", "--fix").status == 1
    assert [(path.name, path.stat().st_mtime_ns, path.stat().st_ino) for path in sorted(specs.iterdir())] == before


def test_several_faults_in_several_rounds(shell: Shell, specs: Path) -> None:
    text = 'input: [4]\nlayrs:\n  a: {Linear: {out_feature: "8"}}\n  b: {nn.ReLU(): {inplce: yes}}\n'
    (specs / "bad.yaml").write_text(text)
    run = shell("check", "bad.yaml", "--fix")
    assert run.status == 0, run.out
    mended = "archspec: 1\ninput: [4]\nlayers:\n  a: {Linear: {out_features: 8}}\n  b: {ReLU: {inplace: true}}\n"
    assert (specs / "bad.yaml").read_text() == mended


def test_calls_pasted_from_a_module(shell: Shell, specs: Path) -> None:
    conv, fc = "nn.Conv2d(3, 8, (3, 5), padding=1, bias=False)", "nn.Linear(8*8*6, -1 + 11)"
    calls = f"  conv: {conv}\n  flatten: nn.Flatten()\n  fc: {fc}\n"
    (specs / "bad.yaml").write_text(f"archspec: 1\ninput: [3, 8, 8]\nlayers:\n{calls}")
    run = shell("check", "bad.yaml", "--fix")
    assert run.status == 0, run.out
    assert (specs / "bad.yaml").read_text().splitlines()[3:] == [
        "  conv: {Conv2d: {in_channels: 3, out_channels: 8, kernel_size: [3, 5], padding: 1, bias: false}}",
        "  flatten: Flatten",
        "  fc: {Linear: {in_features: $(8 * 8 * 6), out_features: $(-1 + 11)}}",
    ]


@pytest.mark.parametrize(
    "layers",
    [
        "{fc: {Linear: 0}}",
        "{a: {Conv4d: {out_channels: 3, kernel_size: 3}}}",  # 1d, 2d or 3d?
        "{conv: {Conv2d: {out_channels: 3, kernel_size: 3}}, b: {ReLU: , from: conv1}}",
        "{c: {Conv2d: {in_channels: 4, out_channels: 3, kernel_size: 3}}}",
        "{c: {Conv2d: {out_channels: 4, kernel_size: 3, groups: 2}}}",
    ],
)
def test_guesses_are_left_alone(shell: Shell, specs: Path, layers: str) -> None:
    (specs / "bad.yaml").write_text(f"{HEAD}layers: {layers}\n")
    run = shell("check", "bad.yaml", "--fix")
    assert run.status == 1
    assert "mended" not in run.out
    assert "safe" not in run.out
    assert (specs / "bad.yaml").read_text() == f"{HEAD}layers: {layers}\n"


def test_bytes_around_the_edits_stay(shell: Shell, specs: Path) -> None:
    text = "\ufeff# caf\u00e9\r\n" + BAD.replace("archspec: 1\n", "").replace("\n", "\r\n").rstrip()
    (specs / "bad.yaml").write_bytes(text.encode())
    (specs / "bad.yaml").chmod(0o754)
    assert shell("check", "bad.yaml", "--fix").status == 0
    wanted = text.replace("Lineer", "Linear").replace("input", "archspec: 1\r\ninput")
    assert (specs / "bad.yaml").read_bytes() == wanted.encode()
    assert stat.S_IMODE((specs / "bad.yaml").stat().st_mode) == 0o754
    assert sorted(path.name for path in specs.iterdir()) == ["bad.yaml", "good.yaml", "warned.yaml"]


def test_json_is_mended_too(shell: Shell, specs: Path) -> None:
    (specs / "net.json").write_text('{\'archspec\': 1, "input": [4,], "layers": [{"Lineer": 3, "bias": False}]}')
    run = shell("check", "net.json", "--fix", "--json")
    assert [fault["code"] for fault in json.loads(run.out)] == ["AS105"]
    assert run.err.startswith("mended net.json: 4 faults (AS052, AS051, AS054, AS201)\n")
    assert (specs / "net.json").read_text() == (
        '{"archspec": 1, "input": [4], "layers": [{"Linear": 3, "bias": false}]}'
    )


def test_a_diff_is_shown_and_nothing_written(shell: Shell, specs: Path) -> None:
    run = shell("check", "bad.yaml", "good.yaml", "--diff")
    assert run.status == 1
    assert (specs / "bad.yaml").read_text() == BAD
    assert "error[AS201]" in run.err
    applied = subprocess.run(["patch", "-p0"], input=run.out, text=True, check=False, cwd=specs, capture_output=True)
    assert applied.returncode == 0, applied.stdout
    assert (specs / "bad.yaml").read_text() == MENDED


def test_a_link_out_of_the_folder_is_not_written_through(shell: Shell, specs: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "net.yaml"
    outside.write_text(BAD)
    (specs / "link.yaml").symlink_to(outside)
    for path in ("link.yaml", "."):
        run = shell("check", path, "--fix")
        assert run.status == 1
        assert "error[AS705]: `link.yaml` cannot be mended: it is a link to" in run.out
        assert "error[AS201]" in run.out
        assert outside.read_text() == BAD


def test_a_link_inside_stays_one(shell: Shell, specs: Path) -> None:
    (specs / "link.yaml").symlink_to("bad.yaml")
    assert shell("check", "link.yaml", "--fix").status == 0
    assert (specs / "link.yaml").is_symlink()
    assert (specs / "bad.yaml").read_text() == MENDED


def test_another_name_of_the_same_file_keeps_its_text(shell: Shell, specs: Path) -> None:
    os.link(specs / "bad.yaml", specs / "other.txt")
    assert shell("check", "bad.yaml", "--fix").status == 0
    assert (specs / "other.txt").read_text() == BAD


def test_a_read_only_file_is_left_alone(shell: Shell, specs: Path) -> None:
    (specs / "bad.yaml").chmod(0o444)
    run = shell("check", "bad.yaml", "--fix")
    assert run.status == 1
    assert "cannot be mended: it is read-only" in run.out
    assert (specs / "bad.yaml").read_text() == BAD


def test_a_file_that_changes_meanwhile_is_left_alone(
    shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = mending.write_mended

    def later(found, mended):
        (specs / "bad.yaml").write_text(GOOD)
        write(found, mended)

    monkeypatch.setattr(mending, "write_mended", later)
    run = shell("check", "bad.yaml", "--fix")
    assert "it has changed since it was checked" in run.out
    assert (specs / "bad.yaml").read_text() == GOOD


def test_a_write_that_fails_leaves_the_file(shell: Shell, specs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = shell("check", "bad.yaml", "--fix")
    assert "cannot be mended: no space left on device" in run.out
    assert (specs / "bad.yaml").read_text() == BAD
    assert sorted(path.name for path in specs.iterdir()) == ["bad.yaml", "good.yaml", "warned.yaml"]


@pytest.mark.parametrize("content", [b"caf\xe9: [1,\n", b"\xff\xfea\x00", b""])
def test_a_file_that_cannot_be_read_is_not_written(shell: Shell, specs: Path, content: bytes) -> None:
    (specs / "bad.yaml").write_bytes(content)
    assert shell("check", "bad.yaml", "--fix").status == 1
    assert (specs / "bad.yaml").read_bytes() == content


def test_faults_of_settings_are_not_edits_of_the_file(shell: Shell, specs: Path) -> None:
    run = shell("check", "good.yaml", "--fix", "--set", "name=3")
    assert run.status == 1
    assert (specs / "good.yaml").read_text() == GOOD


CASES = sorted((Path(__file__).parents[1] / "diagnostics" / "cases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_mending_never_adds_what_it_mends(case: Path) -> None:
    """Over all faulty specs: it ends, and no safe edit is left."""
    mended = mending.mend(str(case), [])
    assert not [d for d in mended.examination.diagnostics if d.edit is not None and d.edit.safe]
    if mended.after is not None:
        assert len(mended.examination.diagnostics) <= len(mended.original.diagnostics)


def test_files_of_an_allowed_folder_are_read_in_every_round(shell: Shell, specs: Path) -> None:
    (specs / "shared").mkdir()
    (specs / "shared" / "blocks.yaml").write_text("archspec: 1\nblocks: {stem: {layers: [ReLU]}}\n")
    (specs / "mine").mkdir()
    text = "archspec: 1\nimport: [../shared/blocks.yaml]\ninput: [4]\nlayers: {s: stem, fc: {Lineer: 3}}\n"
    (specs / "mine" / "net.yaml").write_text(text)
    run = shell("check", "mine/net.yaml", "--fix", "--allow-root", "shared")
    assert run.status == 0, run.out
    assert (specs / "mine" / "net.yaml").read_text() == text.replace("Lineer", "Linear")
    assert shell("check", "mine/net.yaml").status == 1


def test_what_is_wrong_in_another_file_is_told_and_left(shell: Shell, specs: Path) -> None:
    base = "archspec: 1\ninput: [4]\nlayers: {fc: {Lineer: 3}}\n"
    (specs / "base.yaml").write_text(base)
    text = "archspec: 1\nextends: base.yaml\nlayers: {again: {Lineer: 3}}\n"
    (specs / "net.yaml").write_text(text)
    run = shell("check", "net.yaml", "--fix")
    assert run.status == 1
    assert "base.yaml:3" in run.out
    assert (specs / "base.yaml").read_text() == base
    assert (specs / "net.yaml").read_text() == text.replace("Lineer", "Linear")


def test_a_name_that_the_zoo_has_not_is_wrong_usage(shell: Shell, specs: Path) -> None:
    assert shell("check", "zoo:resnet43").status == 2
    (specs / "net.yaml").write_text("archspec: 1\nextends: zoo:resnet43\n")
    assert shell("check", "net.yaml").status == 1
