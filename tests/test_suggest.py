"""Did-you-mean."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.suggest import _distance, did_you_mean, is_slip, nearest


@pytest.mark.parametrize(
    ("word", "candidates", "found"),
    [
        ("kernal_size", ["kernel_size", "stride"], ["kernel_size"]),
        ("widht", ["width", "height"], ["width"]),
        ("conv2d", ["Conv1d", "Conv2d", "Conv3d"], ["Conv2d"]),
        ("batchnorm2d", ["BatchNorm1d", "BatchNorm2d"], ["BatchNorm2d"]),
        ("Batch_Norm2d", ["BatchNorm2d"], ["BatchNorm2d"]),
        ("relfect", ["zeros", "reflect"], ["reflect"]),
        ("in-channels", ["in_channels"], ["in_channels"]),
        ("xyz", ["Linear", "Conv2d"], []),
        ("x", ["y", "z"], []),
        ("X", ["x"], ["x"]),
        ("", ["a"], []),
        ("relu", ["relu"], []),
        ("__class__", ["classes"], []),
        ("___", ["_", "a"], []),
    ],
)
def test_nearest(word, candidates, found):
    assert nearest(word, candidates) == found


def test_the_nearest_comes_first_and_each_once():
    assert nearest("Conv2", ["Conv3d", "Conv2d", "Conv", "Conv2d"], limit=3)[0] == "Conv2d"
    assert len(nearest("aaaa", ["aaab"] * 9 + ["aaac"], limit=9)) == 2


def test_the_cost_is_bounded():
    start = time.process_time()
    assert nearest("x" * 1_000_000, ["x" * 999_999]) == []
    assert nearest("layer_name_x", (f"layer_name_{number}" for number in range(10**9)), limit=1)
    assert nearest("ab", ["b" * 10**6]) == []
    assert time.process_time() - start < 20


def test_a_help_line():
    assert did_you_mean("widht", ["width"]) == "did you mean `width`?"
    assert did_you_mean("foo", ["width"]) is None


LAYERS = ["Conv1d", "Conv2d", "Conv3d", "ReLU", "relu", "Flatten", "flatten", "Linear", "GELU", "SELU", "ELU"]


@pytest.mark.parametrize(
    ("word", "meant", "is_one"),
    [
        ("Lineer", "Linear", True),
        ("linear", "Linear", True),
        ("Conv2D", "Conv2d", True),
        ("conv_2d", "Conv2d", True),
        ("Conv4d", "Conv3d", False),  # digits are no slips
        ("Convd", "Conv2d", False),
        ("Flaten", "Flatten", True),
        ("flaten", "flatten", True),
        ("Relu", "ReLU", True),
        ("KELU", "GELU", False),  # or SELU
        ("EL", "ELU", False),  # too short
        ("Linaar", "Flatten", False),
        ("Lneer", "Linear", False),  # two edits
        ("L" * 1000, "Linear", False),
    ],
)
def test_what_can_only_be_a_slip(word: str, meant: str, is_one: bool) -> None:
    assert is_slip(word, meant, LAYERS) == is_one


WORDS = st.text("abcdeé", max_size=12) | st.text("ab", min_size=50, max_size=64)


@given(WORDS, WORDS)
def test_the_distance_is_that_of_the_table(left: str, right: str) -> None:
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, row, last = row, [i], before
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    assert _distance(left, right, 64) == row[-1]
