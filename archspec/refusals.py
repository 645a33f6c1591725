"""What has been read rightly, and yet is no model that could be built."""

from __future__ import annotations

from archspec.errors import Diagnostic, SourceText, Span
from archspec.graph.nodes import Graph


def too_large(graph: Graph, limit: int) -> Diagnostic:
    """AS703: the model has more parameters, or a larger buffer, than `limit`."""
    count = graph.num_params
    what = f"has {count:,} parameters"
    if count <= limit:
        count = graph.largest_buffer
        what = f"has a buffer of {count:,} numbers, or makes one on the way to it"
    return Diagnostic(
        "AS703",
        f"`{graph.name}` {what}, {count * 4 / 1e9:,.1f} GB in float32; the limit is {limit:,}",
        help=f"allow it with `--max-params {count}`, or `max_params={count}` in Python",
    )


def only_blocks(text: SourceText) -> Diagnostic:
    """AS113: there is nothing to build."""
    help = f"import it: `import: [{text.name}]`, in a spec with `input` and `layers`"
    return Diagnostic("AS113", f"`{text.name}` holds blocks and no model", Span(text, 0, 0), help=help)


def only_recipe(text: SourceText) -> Diagnostic:
    """AS114: there is nothing to train."""
    help = f"give it beside a spec: `archspec train SPEC --recipe {text.name}`, or `recipe=…` in Python"
    return Diagnostic("AS114", f"`{text.name}` holds a recipe and no model", Span(text, 0, 0), help=help)
