"""How large a spec may be. Each limit is enforced before the memory that it bounds is taken."""

from __future__ import annotations

MAX_BYTES = 4 * 2**20
"""The size of a file, and the length of a text in characters."""

MAX_DEPTH = 64
"""Lists and mappings inside each other."""

MAX_NODES = 200_000
"""Lists, mappings and scalars; an alias counts what it repeats, a key does not count."""

MAX_SCALAR = 64 * 2**10
"""Characters of one value."""

MAX_KEY = 1_024
"""Characters of one key."""

MAX_FAULTS = 100
"""Faults that are told of one text; whoever has more than that has made one mistake many times."""

MAX_INTEGER = 2**53
"""Integers beyond this are refused: no size, count or index is that large, and floats are no longer exact."""

MAX_FILES = 64
"""Files that one spec extends and imports, directly or not."""

MAX_INCLUDED = 60_000
"""Lists, mappings and scalars of all these files together."""

MAX_CHAIN = 16
"""Files that include each other in a row."""

TENSORS = "tensors belong into a checkpoint, and repeated parts into `blocks` and `repeat`"
NESTED = "write an inner part as a block, in `blocks`, and the block's name in its place"
REPEATED = "write parts that are alike once, as a block or with `repeat`"
A_TEXT = "keep so long a text in a file beside the spec"
A_KEY = "write a name; a colon may stand where a quote or a line break is missing"
"""What to do about each of them."""
