"""Where a run is kept: numbered, never overwritten, never half-written."""

import os

import pytest
import torch
from safetensors.torch import load_file

from archspec.errors import UsageError
from archspec.train.store.run_folder import FILES, RunFolder, open_run_folder


def refused(code, out, name="Net"):
    with pytest.raises(UsageError) as caught:
        open_run_folder(name, out)
    assert caught.value.diagnostic.code == code
    return caught.value.diagnostic


def test_numbers_go_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [open_run_folder("Net", None).path.as_posix() for _ in range(2)] == ["runs/Net-1", "runs/Net-2"]
    (tmp_path / "runs" / "Net-9").mkdir()
    (tmp_path / "runs" / "Net-10.old").mkdir()
    assert open_run_folder("Net", None).path.name == "Net-10"
    assert open_run_folder("Other", None).path.name == "Other-1"
    assert open_run_folder("../../up", None).path.parent.as_posix() == "runs"


def test_folder_of_a_run_is_refused(tmp_path):
    for name in FILES:
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).touch()
        assert name in refused("AS602", folder).message


def test_folder_with_other_things_is_taken(tmp_path):
    (tmp_path / "notes.txt").touch()
    open_run_folder("Net", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_file_in_the_way(tmp_path):
    (tmp_path / "file").touch()
    refused("AS603", tmp_path / "file")
    refused("AS603", tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    refused("AS603", tmp_path)
    refused("AS603", tmp_path / "below")
    tmp_path.chmod(0o700)


def test_unwritable_place():
    refused("AS603", "/proc/archspec-run")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.write("spec.yaml", b"old")
    monkeypatch.setattr(os, "fsync", lambda handle: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        folder.write("spec.yaml", b"new")
    with pytest.raises(ZeroDivisionError):
        folder.save_weights("last.safetensors", {"a": torch.zeros(2)})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("spec.yaml", b"old")]


def test_weights_come_back(tmp_path):
    whole = torch.arange(6.0)
    state = {"whole": whole, "view": whole.view(2, 3), "slice": whole[2:4], "turned": torch.ones(2, 3).t()}
    RunFolder(tmp_path).save_weights("w.safetensors", state)
    loaded = load_file(tmp_path / "w.safetensors")
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())
    spec = tmp_path / "spec.yaml"
    spec.touch()
    assert (tmp_path / "w.safetensors").stat().st_mode == spec.stat().st_mode


def test_rows_are_csv_and_lines_of_json(tmp_path):
    folder = RunFolder(tmp_path)
    folder.append_metrics({"epoch": 1, "a,b": 0.5}, first=True)
    folder.append_metrics({"epoch": 2, "a,b": float("nan")}, first=False)
    assert (tmp_path / "metrics.csv").read_text() == 'epoch,"a,b"\n1,0.5\n2,nan\n'
    assert (tmp_path / "metrics.jsonl").read_text() == '{"epoch": 1, "a,b": 0.5}\n{"epoch": 2, "a,b": null}\n'
