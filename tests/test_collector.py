"""The garbage collector is as it was after a check, whatever happened in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import archspec
from archspec.collector import rarely_collected


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(601, 11, 12)
    yield
    assert gc.get_threshold() == (601, 11, 12)
    gc.set_threshold(*before)


def test_only_the_outermost_puts_it_back() -> None:
    with rarely_collected():
        rare = gc.get_threshold()
        assert rare[0] > 601
        with rarely_collected():
            pass
        assert gc.get_threshold() == rare


def test_put_back_after_an_error() -> None:
    with pytest.raises(KeyError), rarely_collected():
        raise KeyError


@pytest.mark.parametrize("layers", ["[ReLU]", "[Relu]", "["])
def test_put_back_after_a_check(layers: str) -> None:
    archspec.check(f"archspec: 1\ninput: [4]\nlayers: {layers}\n")
