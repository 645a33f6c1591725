"""Targets and metrics against their definitions, counted one by one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.train.metrics import accuracy, mean_iou
from archspec.train.targets import confusion, encode, first_output, predict

SIZES = st.integers(2, 5)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), SIZES, st.integers(1, 30))
def test_metrics_are_what_their_names_say(seed, classes, count):
    generator = torch.Generator().manual_seed(seed)
    true, said = (torch.randint(0, classes, (count,), generator=generator) for _ in range(2))
    halves = [(true[:7], said[:7]), (true[7:], said[7:])]
    matrix = sum(confusion(a, b, classes) for a, b in halves)
    assert matrix.tolist() == [
        [sum(1 for t, s in zip(true.tolist(), said.tolist(), strict=True) if (t, s) == (i, j)) for j in range(classes)]
        for i in range(classes)
    ]
    pairs = list(zip(true.tolist(), said.tolist(), strict=True))
    assert accuracy(matrix) == pytest.approx(sum(t == s for t, s in pairs) / count)
    ratios = []
    for c in range(classes):
        union = sum(c in pair for pair in pairs)
        if union:
            ratios.append(sum(pair == (c, c) for pair in pairs) / union)
    assert mean_iou(matrix) == pytest.approx(sum(ratios) / len(ratios))


def test_metrics_of_nothing():
    empty = torch.zeros(3, 3, dtype=torch.int64)
    assert accuracy(empty) == 0
    assert mean_iou(empty) == 0


def test_encodings():
    labels = torch.tensor([2, 0])
    logits = torch.zeros(2, 3)
    assert encode("CrossEntropyLoss", labels, logits) is labels
    assert encode("MSELoss", labels, logits).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert encode("SoftMarginLoss", labels, logits).tolist() == [[-1, -1, 1], [1, -1, -1]]
    assert encode("BCELoss", torch.tensor([1, 0]), torch.zeros(2, 1, dtype=torch.float64)).tolist() == [[1], [0]]
    assert encode("BCELoss", torch.tensor([1]), torch.zeros(1, 1, dtype=torch.float64)).dtype == torch.float64
    mask = torch.tensor([[[0, 1], [2, 1]]])
    hot = encode("MSELoss", mask, torch.zeros(1, 3, 2, 2))
    assert hot.shape == (1, 3, 2, 2)
    assert torch.equal(hot.argmax(1), mask)


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5), st.integers(0, 1000))
def test_several_classes_as_torch_has_them(rows, seed):
    """`MultiLabelMarginLoss` of indices, against its formula over what is there and what is not."""
    there = torch.tensor(rows)
    output = torch.randn(len(rows), 4, generator=torch.Generator().manual_seed(seed))
    target = encode("MultiLabelMarginLoss", there.float(), output)
    pairs = [
        (row, yes, no)
        for row in range(len(rows))
        for yes in range(4)
        for no in range(4)
        if there[row, yes] > there[row, no]
    ]
    wanted = sum(float((1 - output[row, yes] + output[row, no]).clamp_min(0)) for row, yes, no in pairs) / 4 / len(rows)
    assert float(torch.nn.MultiLabelMarginLoss()(output, target)) == pytest.approx(wanted, abs=1e-5)
    one = torch.tensor([row % 4 for row in range(len(rows))])
    assert encode("MultiLabelMarginLoss", one, output)[:, 0].tolist() == one.tolist()


def test_predictions():
    assert predict("CrossEntropyLoss", torch.tensor([[1.0, 3.0, 2.0]])).tolist() == [1]
    one = torch.tensor([[0.2], [0.7], [-1.0]])
    assert predict("BCELoss", one).tolist() == [0, 1, 0]
    assert predict("BCEWithLogitsLoss", one).tolist() == [1, 1, 0]
    assert predict("BCEWithLogitsLoss", torch.ones(2, 1, 4, 5)).shape == (2, 4, 5)


def test_first_output():
    a, b = torch.zeros(1), torch.ones(1)
    assert first_output(a) is a
    assert first_output((a, b)) is a
    assert first_output({"logits": b, "aux": a}) is b
    assert first_output(((a, b), b)) is a
