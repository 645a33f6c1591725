"""Rewrites archspec/ops/index.py: which room of the catalogue has which kinds, so that only those in use are loaded.

Run: python tools/generate_index.py
"""

from __future__ import annotations

import importlib
import pkgutil
import textwrap
from pathlib import Path

from archspec import ops
from archspec.ops.entry import Op

INDEX = Path(ops.__path__[0]) / "index.py"
_BARE = "bare"

_HEAD = '''"""Which room of the catalogue has which kinds: written by `python tools/generate_index.py`."""

ROOMS: dict[str, str] = {
'''


def rooms() -> dict[str, tuple[Op, ...]]:
    """Each module of the catalogue that has entries, with these."""
    names = sorted(module.name for module in pkgutil.iter_modules(ops.__path__))
    made = {name: getattr(importlib.import_module(f"archspec.ops.{name}"), "OPS", ()) for name in names}
    return {name: entries for name, entries in made.items() if entries and name != _BARE}


def text() -> str:
    """The whole file."""
    lines = [_HEAD.rstrip("\n")]
    for room, entries in rooms().items():
        lines.append(f'    "{room}": """')
        lines += textwrap.wrap(
            " ".join(op.name for op in entries), 112, initial_indent=" " * 8, subsequent_indent=" " * 8
        )
        lines.append('    """,')
    return "\n".join([*lines, "}"]) + "\n"


if __name__ == "__main__":
    INDEX.write_text(text(), encoding="utf-8")
    print(f"{INDEX.name}: {sum(map(len, rooms().values()))} kinds in {len(rooms())} rooms")
