"""Two processes against one: the same figures; stopped, killed and gone on with in any number; and what they refuse."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from archspec.errors import UsageError
from archspec.spec.recipe import Named, Recipe
from archspec.train.ranks import ALONE, Ranks
from archspec.train.spread import check_spread
from archspec.train.store import shards
from archspec.train.store.manifest import DamagedError

ROOT = Path(__file__).parents[2]
ROUNDING = 1e-6


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("its runs are forked")
    command = [sys.executable, "-m", "tests.train.together", str(tmp_path_factory.mktemp("together"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "stdout": done.stdout}


def test_two_processes_come_to_what_one_comes_to(told):
    for name in ("two", "sharded"):
        assert told["statuses"][name] == [0, 0]
        assert 0 < told["distances"][name] < ROUNDING


@pytest.mark.parametrize("written", ["two", "sharded", "one"])
@pytest.mark.parametrize("read", ["two", "sharded", "one"])
def test_a_checkpoint_goes_on_in_any_number_of_processes(told, written, read):
    if (written, read) == ("one", "one"):
        pytest.skip("what all other tests do")
    assert told["statuses"].get(f"{written} as {read}", [0, 0]) == [0, 0]
    assert told["distances"][f"{written} as {read}"] < ROUNDING


def test_one_that_is_told_to_stop_stops_all_after_a_step(told):
    for name in ("two", "sharded"):
        assert told["statuses"][f"{name} stopped"] == [143, 143]
        assert told[f"{name} at"] == [
            "epoch-1-batch-0",
            "epoch-1-batch-6",
        ]  # told after the fourth batch of a step of 3


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_module_of_ones_own_begins_with_the_first_processs_weights(told, parallel):
    assert told["statuses"][f"module {parallel}"] == [0, 0]
    assert told["distances"][f"module {parallel}"] < ROUNDING


def test_with_as_many_processes_the_bits_are_the_same(told):
    assert told["differences"] == {"two": None, "sharded": None}


def test_one_that_dies_ends_the_others_and_the_last_checkpoint_is_good(told):
    assert told["statuses"]["dead"] == [2, -9]
    assert told["stdout"].count("error[AS622]") == 1
    assert "the checkpoint `epoch-2-batch-0` is whole" in told["stdout"]
    assert "epoch-2-batch-0" in told["dead at"]
    assert told["statuses"]["dead again"] == [0, 0]
    assert told["distances"]["dead"] < ROUNDING


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"batch_size": 1}, "cannot be divided among 2"),
        ({"optimizer": Named("LBFGS")}, "LBFGS"),
        ({"optimizer": Named("Muon"), "parallel": "fsdp"}, "Muon"),
        ({"precision": "float16", "parallel": "fsdp"}, "float16"),
    ],
)
def test_what_several_processes_cannot_do(fields, words):
    check_spread(Recipe(**fields), ALONE)
    with pytest.raises(UsageError) as caught:
        check_spread(Recipe(**fields), Ranks(1, 2))
    assert caught.value.diagnostic.code == "AS621"
    assert words in caught.value.diagnostic.message


STATE = {
    "model": {"a": torch.arange(6.0).view(2, 3)},
    "optimizer": {"state": {0: {"step": torch.tensor(3)}}},
    "at": [1, 2],
}


def stored(folder):
    state, tensors = shards.taken_apart(STATE)
    assert list(tensors) == ["model/a", "optimizer/state/0/step"]
    shards.write(folder, tensors)
    return state


def read(state, folder):
    return shards.put_together(state, folder, lambda place, size, dtype: torch.empty(size, dtype=dtype))


def test_what_is_taken_apart_is_put_together(tmp_path):
    found = read(stored(tmp_path), tmp_path)
    assert torch.equal(found["model"]["a"], STATE["model"]["a"])
    assert found["optimizer"]["state"][0]["step"] == 3
    assert found["at"] == [1, 2]
    assert set(shards.own_files(tmp_path, 0)) == {".metadata", "__0_0.distcp"}


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def evil(metadata):
    return Evil()


def hidden(metadata):
    metadata.planner_data = Evil()
    return metadata


def elsewhere(metadata):
    for info in metadata.storage_data.values():
        info.relative_path = "../../secret"
    return metadata


def endless(metadata):
    metadata.state_dict_metadata["model/a"].size = torch.Size([1 << 50])
    return metadata


@pytest.mark.parametrize("change", [evil, hidden, elsewhere, endless])
def test_an_index_describes_tensors_and_nothing_else(tmp_path, monkeypatch, change):
    monkeypatch.chdir(tmp_path)
    state = stored(tmp_path)
    path = tmp_path / shards.INDEX
    path.write_bytes(pickle.dumps(change(pickle.loads(path.read_bytes()))))
    with pytest.raises(DamagedError):
        read(state, tmp_path)
    assert not (tmp_path / "evil").exists()


def test_a_missing_tensor_is_a_damage(tmp_path):
    state = stored(tmp_path)
    state["model"]["b"] = ("tensor in the shards", "model/b")
    with pytest.raises(DamagedError, match="model/b"):
        read(state, tmp_path)
