"""What several processes take of each batch: together the batch, whatever its size."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archspec.train.portions import Portions
from archspec.train.ranks import Ranks


def of_all(size, processes):
    return [Portions(size, ranks=Ranks(rank, processes)) for rank in range(processes)]


@given(st.data())
def test_together_they_are_the_batch(data):
    processes = data.draw(st.integers(1, 9))
    size = data.draw(st.integers(processes, 40))
    count = data.draw(st.integers(1, size))
    portions = [each.of(count) for each in of_all(size, processes)]
    taken = [place for each in portions if each.counted for place in range(each.start, each.stop)]
    assert taken == list(range(count))
    for own, each in zip(portions, of_all(size, processes), strict=True):
        assert own.counted in (0, own.stop - own.start)
        assert 1 <= own.stop - own.start <= each.batch_size()
        if count > 1 and size > 2 * processes:
            assert own.stop - own.start >= 2


@given(st.integers(1, 5), st.integers(5, 13), st.integers(1, 60), st.integers(0, 1))
def test_own_indices_fall_into_the_batches_they_are_loaded_in(processes, size, samples, before):
    indices = torch.randperm(samples)
    for each in (replace(each, before=before) for each in of_all(size, processes)):
        batches = indices.split(size)
        loaded = each.own(indices).split(each.batch_size())
        assert len(loaded) == len(batches)
        for number, (batch, own) in enumerate(zip(batches, loaded, strict=True), 1):
            portion = each.of(each.count(number, samples))
            assert torch.equal(own[before:], batch[portion.start : portion.stop])
            assert own[:before].tolist() == [batch[portion.start - 1]][:before]


def test_one_process_takes_all_as_it_is():
    indices = torch.arange(7)
    assert Portions(3).own(indices) is indices
    assert Portions(3).batch_size() == 3


@pytest.mark.parametrize(
    ("count", "expected"), [(64, [16] * 4), (7, [3, 2, 2, 0]), (3, [3, 0, 0, 0]), (1, [1, 0, 0, 0])]
)
def test_the_last_batch_of_four_processes(count, expected):
    assert [each.of(count).counted for each in of_all(64, 4)] == expected


@given(st.integers(1, 5), st.integers(5, 13), st.integers(1, 4), st.integers(1, 60))
def test_all_samples_of_a_step_weigh_the_same(processes, size, accumulate, samples):
    every = [Portions(size, accumulate, Ranks(rank, processes)) for rank in range(processes)]
    batches = -(-samples // size)
    weights = [[] for _ in range(-(-batches // accumulate))]
    for batch in range(1, batches + 1):
        for each in every:
            counted = each.of(each.count(batch, samples)).counted
            share = each.share(batch, samples)
            assert (share == 0) == (counted == 0)
            weights[(batch - 1) // accumulate] += [share / max(1, counted) / processes] * counted  # their mean
    for step in weights:
        assert sum(step) == pytest.approx(1)
        assert min(step) == pytest.approx(max(step))
