"""The table: every row's numbers against the built module's; repeats folded."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archspec
from archspec.emit.table import Row
from tests.emit.specs import EVERYTHING
from tests.judge import load


def full_rows() -> tuple[tuple[Row, ...], nn.Module]:
    architecture = archspec.load(EVERYTHING)
    return architecture.table(full=True).rows, architecture.build()


def test_rows_of_children_name_the_module_tree() -> None:
    rows, module = full_rows()
    path: list[str] = []
    for row in rows[1:]:
        del path[row.depth :]
        path.append(row.name)
        if row.kind[:1].isupper() or row.kind in ("res", "up"):
            child = module.get_submodule(".".join(path))
            assert row.num_params == sum(parameter.numel() for parameter in child.parameters()), path


def test_totals_are_the_module_s() -> None:
    architecture = archspec.load(EVERYTHING)
    table, module = architecture.table(), architecture.build()
    assert table.num_params == sum(parameter.numel() for parameter in module.parameters())
    with FlopCounterMode(display=False) as counter:
        module.eval()(torch.randn(1, 3, 16, 16))
    assert table.macs * 2 == counter.get_total_flops()
    for rows in (table.rows, architecture.table(full=True).rows):
        assert sum(row.num_params * row.count for row in rows if row.depth == 0) == table.num_params
        assert sum(row.macs * row.count for row in rows if row.depth == 0) == table.macs


def test_like_copies_share_a_line_and_full_unfolds_them() -> None:
    architecture = load("input: [4]\nlayers: {a: {Linear: , repeat: 4, per_repeat: {out_features: [4, 4, 4, 5]}}}\n")
    folded = [(row.depth, row.name, row.count, row.num_params) for row in architecture.table().rows]
    assert folded == [(0, "input", 1, 0), (0, "a", 1, 85), (1, "0–2", 3, 20), (1, "3", 1, 25)]
    unfolded = [(row.name, row.count) for row in architecture.table(full=True).rows]
    assert unfolded == [("input", 1), ("a", 1), ("0", 1), ("1", 1), ("2", 1), ("3", 1)]


def test_like_copies_with_a_skip_share_their_lines() -> None:
    rows = load("input: [4]\nlayers: {a: {Linear: 4, repeat: 3, skip: add}}\n").table().rows
    assert [(row.name, row.kind, row.count) for row in rows[2:]] == [("0–2", "Linear", 3), ("0-skip", "add", 1)]


def test_stages_that_are_alike_share_lines() -> None:
    rows = load("input: [4]\nlayers: {a: {Linear: 4, repeat: [2, 2]}}\n").table().rows
    assert [(row.depth, row.name, row.count) for row in rows[1:]] == [(0, "a", 1), (1, "0–1", 2), (2, "0–1", 2)]


def test_absent_entries_have_no_row() -> None:
    rows = load("input: [4]\nlayers: {a: {Linear: 4, when: false}, b: {Linear: 4}}\n").table().rows
    assert [row.name for row in rows] == ["input", "b"]


def test_the_text_is_aligned_and_ends_with_the_totals() -> None:
    text = archspec.load(EVERYTHING).summary()
    lines = text.splitlines()
    assert lines[0].split() == ["name", "kind", "output", "shape", "params", "MACs"]
    total = next(line for line in lines if line.startswith("total"))
    end = {len(line) for line in (lines[0], total, lines[2])}
    assert len(end) == 1
    assert "\t" not in text


WITH_AUXILIARY = """
input: [8]
layers:
  body: {Linear: 16}
  aux: {layers: {wide: {Linear: 100}, head: {Linear: 10}}}
  head: {Linear: 10, from: body}
outputs: {logits: head, aux: {from: aux, training: true}}
"""


def test_what_runs_in_training_only_is_told_beside_the_total() -> None:
    architecture = load(WITH_AUXILIARY)
    module = architecture.build()
    counts = []
    for training in (False, True):
        with FlopCounterMode(display=False) as counter:
            module.train(training)(torch.randn(1, 8))
        counts.append(counter.get_total_flops() // 2)
    assert architecture.macs == architecture.table().macs == counts[0]
    assert architecture.macs + architecture.training_only_macs == counts[1]
    assert "2,600 MACs more in training" in architecture.summary()
    alone = load("input: [8]\nlayers: {body: {Linear: 16}, head: {Linear: 10}}\n")
    assert architecture.table().activations.forward == alone.table().activations.forward
    assert "in training" not in alone.summary()
