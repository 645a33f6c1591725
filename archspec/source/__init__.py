"""Text to the located tree: files, YAML 1.2 and JSON, their limits and their faults. Diagnostics AS001 to AS099."""

from archspec.source.data import from_data
from archspec.source.files import load_file, load_stream
from archspec.source.reader import Format, parse_value, read
from archspec.source.tree import Mapping, Node, Plain, PlainTree, Scalar, Sequence, describe, plain

__all__ = [
    "Format",
    "Mapping",
    "Node",
    "Plain",
    "PlainTree",
    "Scalar",
    "Sequence",
    "describe",
    "from_data",
    "load_file",
    "load_stream",
    "parse_value",
    "plain",
    "read",
]
