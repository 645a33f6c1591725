"""A tree as YAML text that reads as the same tree."""

from __future__ import annotations

from typing import Any

from archspec.source.scalars import ScalarFault, resolve_plain
from archspec.source.tree import Node, plain

_WIDTH = 120


def as_yaml(tree: Node) -> str:
    """The tree as YAML, without comments. What holds only scalars stands in one line, as people write it."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """PyYAML quotes what YAML 1.1 would misread; we also quote what YAML 1.2 would."""

    def text(dumper: yaml.SafeDumper, value: str) -> Any:
        style = None if _stays_text(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(
        plain(tree), Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_WIDTH
    )


def _stays_text(value: str) -> bool:
    try:
        return isinstance(resolve_plain(value), str)
    except ScalarFault:
        return False
