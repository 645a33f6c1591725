"""The index of the catalogue, by which a check loads only what it needs."""

from __future__ import annotations

import subprocess
import sys

from archspec.ops.registry import CATALOGUE
from tools import generate_index


def test_the_index_is_up_to_date() -> None:
    assert generate_index.INDEX.read_text(encoding="utf-8") == generate_index.text(), "run tools/generate_index.py"


def test_each_kind_stands_in_one_room_under_its_name() -> None:
    kinds = [op.name for entries in generate_index.rooms().values() for op in entries]
    assert len(kinds) == len(set(kinds)) == len(CATALOGUE)
    assert all(CATALOGUE[kind].name == kind for kind in kinds)


def test_a_check_loads_the_rooms_of_its_kinds_only() -> None:
    code = "import sys, archspec; archspec.load('specs/mlp.yaml'); print('archspec.ops.recurrent' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
