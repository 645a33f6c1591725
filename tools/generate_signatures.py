"""Rewrite archspec/ops/signatures.json from the installed torch and torchvision."""

from __future__ import annotations

import json
from pathlib import Path

from archspec.ops.signatures import TORCH_GROUPS, signature_data
from archspec.train.installed import installed_signatures, versions

TARGET = Path(__file__).parents[1] / "archspec" / "ops" / "signatures.json"


def rendered() -> str:
    """The file's text: one line per name, so that a new torch gives a diff that can be read."""
    lines = [f'"{package}": "{version}"' for package, version in versions().items()]
    for group in TORCH_GROUPS:
        entries = [
            f"    {json.dumps(name)}: {json.dumps(signature_data(signature), ensure_ascii=False)}"
            for name, signature in installed_signatures(group).items()
        ]
        lines.append(f'"{group}": {{\n' + ",\n".join(entries) + "\n  }")
    return "{\n  " + ",\n  ".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
    print(f"wrote {TARGET}")
