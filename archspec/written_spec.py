"""A spec that has been read, as one text that says all of it."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.errors import SourceText
from archspec.source.tree import Mapping, Node, plain
from archspec.source.write import as_yaml
from archspec.spec.overrides import Override


def as_json(tree: Node) -> str:
    """The tree as a JSON text."""
    import json  # a check has no use for it

    return json.dumps(plain(tree), indent=2, ensure_ascii=False) + "\n"


def written(tree: Node, text: SourceText, overrides: Sequence[Override], *, is_whole: bool) -> str:
    """The tree as YAML, with a first line that tells what it was made of.

    Args:
        tree: overrides in place, what it extends and imports included.
        text: what the spec was read from.
        overrides: what has been set.
        is_whole: the text said all of it itself.
    """
    said = [] if is_whole else ["what it extends and imports"]
    said += [_said(override) for override in overrides]
    from_what = f"# {text.name}{' with ' if said else ''}{', '.join(said)}\n"
    return from_what + as_yaml(tree)


def without_weights(tree: Node) -> Node:
    """The tree without its `weights` section."""
    if not isinstance(tree, Mapping) or tree.get("weights") is None:
        return tree
    return Mapping(tuple((key, value) for key, value in tree if key.value != "weights"), tree.span)


def _said(override: Override) -> str:
    return f"{override.path} set" if override.span.text else f"the recipe {override.span.source.name}"
