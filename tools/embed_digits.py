"""Make archspec/train/data/digits.npz from scikit-learn's `datasets/data/digits.csv.gz`, given as the one argument."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "archspec" / "train" / "data" / "digits.npz"


def embed(source: Path) -> None:
    """Each row is 64 pixels from 0 to 16 and the label."""
    with gzip.open(source, "rt", encoding="ascii") as lines:
        rows = np.loadtxt(lines, delimiter=",").astype(np.uint8)
    assert rows.shape == (1797, 65)
    assert rows[:, :64].max() == 16
    np.savez_compressed(TARGET, images=rows[:, :64].reshape(-1, 8, 8), labels=rows[:, 64])


if __name__ == "__main__":
    embed(Path(sys.argv[1]))
