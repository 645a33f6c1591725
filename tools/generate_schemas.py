"""Rewrites schemas/: the JSON Schemas of specs and recipes, from the catalogue and the signatures.

Run: python -m tools.generate_schemas
"""

from __future__ import annotations

from pathlib import Path

import archspec

FOLDER = Path(__file__).parents[1] / "schemas"


def texts() -> dict[str, str]:
    """What each file has to hold."""
    return {
        "archspec.schema.json": archspec.json_schema(),
        "recipe.schema.json": archspec.json_schema(recipe=True),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode()):,} bytes")
