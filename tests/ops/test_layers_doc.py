"""docs/layers.md accounts for every class of the installed torch.nn, and says what the catalogue says."""

from __future__ import annotations

import torch

from tools import generate_layers


def test_no_class_of_torch_nn_is_unaccounted_for() -> None:
    assert generate_layers.unaccounted() == [], f"torch {torch.__version__} has classes that nobody has looked at"


def test_reasons_are_for_classes_that_are_no_kinds() -> None:
    explained = set(generate_layers._CONTAINERS) | set(generate_layers._OTHERS)
    assert not explained & set(generate_layers.CATALOGUE)
    assert explained <= set(generate_layers.public_classes())


def test_the_document_is_up_to_date() -> None:
    assert generate_layers.DOC.read_text(encoding="utf-8") == generate_layers.text(), "run tools/generate_layers.py"
