"""Checkpoints: complete or not there, and never believed without their sums."""

from __future__ import annotations

import errno
import os
import pickle
import random
import shutil
from pathlib import Path

import pytest
import torch

from archspec.train.store.checkpoints import STATE, Checkpoints, Moment, read_state
from archspec.train.store.durable import HashedFile, sha256
from archspec.train.store.manifest import NAME, DamagedError, Manifest, read_manifest, verify

STATE_OF_RUN = {"weight": torch.arange(12.0).view(3, 4), "history": [{"loss": 0.5}], "seed": 3, "none": None}


def saved(path: Path, *moments: tuple[int, int], kept: int = 2) -> Checkpoints:
    best = path / "best.safetensors"
    best.write_bytes(b"best weights")
    checkpoints = Checkpoints(path / "checkpoints", kept)
    for moment in moments:
        checkpoints.save(Moment(*moment), STATE_OF_RUN, [best])
    return checkpoints


def test_what_is_saved_comes_back(tmp_path):
    checkpoints = saved(tmp_path, (1, 5))
    state = read_state(checkpoints.folder(Moment(1, 5)))
    assert torch.equal(state.pop("weight"), STATE_OF_RUN["weight"])
    assert state == {name: value for name, value in STATE_OF_RUN.items() if name != "weight"}
    assert (checkpoints.folder(Moment(1, 5)) / "best.safetensors").read_bytes() == b"best weights"


def test_newest_is_told_by_name_and_not_by_clock(tmp_path):
    checkpoints = saved(tmp_path, (2, 0), (1, 10), (1, 9), kept=9)
    os.utime(checkpoints.folder(Moment(1, 9)))
    (tmp_path / "checkpoints" / "epoch-9").mkdir()
    assert checkpoints.moments() == [Moment(2, 0), Moment(1, 10), Moment(1, 9)]


def test_only_the_newest_stay(tmp_path):
    checkpoints = saved(tmp_path, (1, 1), (1, 2), (1, 3), kept=2)
    assert checkpoints.moments() == [Moment(1, 3), Moment(1, 2)]
    assert sorted(entry.name for entry in checkpoints.path.iterdir()) == ["epoch-1-batch-2", "epoch-1-batch-3"]


def test_250_single_bit_flips_are_250_damages(tmp_path):
    folder = saved(tmp_path, (1, 1)).folder(Moment(1, 1))
    chance = random.Random(0)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["best.safetensors", NAME, STATE]
    sizes = [file.stat().st_size for file in files]
    detected = 0
    for _ in range(250):
        (file,) = chance.choices(files, sizes)
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        with pytest.raises(DamagedError):
            verify(folder)
        detected += 1
        file.write_bytes(whole)
        verify(folder)
    assert detected == 250


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / NAME).unlink(), f"has no {NAME}"),
        (lambda folder: (folder / STATE).unlink(), f"lacks `{STATE}`"),
        (lambda folder: os.truncate(folder / STATE, 100), "has 100 bytes"),
        (lambda folder: os.truncate(folder / NAME, 0), "cannot be read"),
        (lambda folder: (folder / NAME).write_text('{"files": 3}'), "cannot be read"),
        (lambda folder: (folder / NAME).write_text("[" * 100_000), "cannot be read"),
        (lambda folder: (folder / NAME).write_bytes((folder / NAME).read_bytes() + b" "), "was changed"),
    ],
)
def test_damages_are_named(tmp_path, damage, words):
    folder = saved(tmp_path, (1, 1)).folder(Moment(1, 1))
    damage(folder)
    with pytest.raises(DamagedError, match=words):
        verify(folder)


def test_one_cannot_stand_for_another(tmp_path):
    checkpoints = saved(tmp_path, (1, 1))
    shutil.copytree(checkpoints.folder(Moment(1, 1)), checkpoints.folder(Moment(1, 2)))
    assert [checkpoints.is_good(moment) for moment in checkpoints.moments()] == [False, True]


class Evil:
    def __reduce__(self):
        return os.system, (f"touch {Path.cwd() / 'evil'}",)


def test_code_in_a_checkpoint_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = saved(tmp_path, (1, 1)).folder(Moment(1, 1))
    for write in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
        (folder / STATE).unlink()
        write({"weight": Evil()}, folder / STATE)
        files = {name: (sha256(folder / name), (folder / name).stat().st_size) for name in (STATE, "best.safetensors")}
        (folder / NAME).write_bytes(Manifest(folder.name, files).render())
        verify(folder)
        with pytest.raises(DamagedError, match="other than tensors and plain data"):
            read_state(folder)
    assert not (tmp_path / "evil").exists()
    pickle.loads(pickle.dumps(Evil()))
    assert (tmp_path / "evil").exists()


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "mkdir"])
def test_a_full_disk_leaves_the_last_one(tmp_path, monkeypatch, call):
    checkpoints = saved(tmp_path, (1, 1), kept=1)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save(Moment(1, 2), STATE_OF_RUN)
    assert [entry.name for entry in checkpoints.path.iterdir()] == ["epoch-1-batch-1"]
    assert checkpoints.is_good(Moment(1, 1))
    checkpoints.save(Moment(1, 2), STATE_OF_RUN)
    assert checkpoints.moments() == [Moment(1, 2)]


def test_the_old_one_goes_only_when_the_new_one_reads_back(tmp_path, monkeypatch):
    checkpoints = saved(tmp_path, (1, 1), kept=1)
    monkeypatch.setattr(HashedFile, "sync", lambda self: "0" * 64)
    with pytest.raises(OSError, match="other bytes"):
        checkpoints.save(Moment(1, 2), STATE_OF_RUN)
    assert [entry.name for entry in checkpoints.path.iterdir()] == ["epoch-1-batch-1"]


def test_a_damaged_one_is_written_again_and_a_good_one_is_not(tmp_path):
    checkpoints = saved(tmp_path, (1, 1))
    folder = checkpoints.folder(Moment(1, 1))
    before = (folder / STATE).stat().st_ino
    checkpoints.save(Moment(1, 1), STATE_OF_RUN)
    assert (folder / STATE).stat().st_ino == before
    (folder / STATE).write_bytes(b"damaged")
    checkpoints.save(Moment(1, 1), STATE_OF_RUN)
    assert checkpoints.is_good(Moment(1, 1))


def test_what_a_killed_process_left_is_swept(tmp_path):
    checkpoints = saved(tmp_path, (1, 1))
    (checkpoints.path / ".epoch-1-batch-2.77.part").mkdir()
    (checkpoints.path / ".epoch-1-batch-2.77.part" / STATE).touch()
    checkpoints.sweep()
    assert [entry.name for entry in checkpoints.path.iterdir()] == ["epoch-1-batch-1"]
    assert read_manifest(checkpoints.folder(Moment(1, 1))).name == "epoch-1-batch-1"
