"""What the `weights` section asks for: a checkpoint, and how it is to be taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archspec import globs
from archspec.errors import Edit, Span
from archspec.source.home import NOWHERE, Home
from archspec.source.tree import Node, Scalar, Sequence
from archspec.spec.reader import TRUST, Reader

_KEYS = ("path", "key", "sha256", "allow", "rename")
_ALLOWED = ("missing", "unexpected")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights for a model.

    Attributes:
        path: as written.
        span: where it is written; None where the caller gave it, who may name any file.
        home: what a path in the file that says it means.
        key: which entry of the file holds the state dict; None for the whole.
        sha256: what the file's hash has to be, in lower case.
        missing: globs of names that the file need not have.
        unexpected: globs of names that the file may have and the model not.
        rename: glob and target of each rule, applied in order, each to what the one before made.
        key_span: where `key` is written.
        sha256_span: where `sha256` is written.
    """

    path: str
    span: Span | None = None
    key: str | None = None
    sha256: str | None = None
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    key_span: Span | None = None
    sha256_span: Span | None = None
    home: Home = NOWHERE


def read_checkpoint(reader: Reader, node: Node) -> Checkpoint | None:
    """The `weights` section: a path, or a mapping. None where there is none, or none that can be read."""
    if isinstance(node, Scalar):
        return _read_path(reader, node, "`weights`")
    mapping = reader.mapping(node, "`weights`", help="write `weights: model.safetensors`, or `{path: …, allow: …}`")
    if mapping is None:
        return None
    before = len(reader.faults)
    reader.keys(mapping, _KEYS, "`weights`")
    mapping = reader.corrected(mapping, _KEYS, apart=TRUST)
    path = mapping.get("path")
    if path is None:
        help = "write `weights: {path: model.safetensors}`"
        reader.fault("AS103", "`weights` has no `path`", node.span, help=help)
    base = None if path is None else _read_path(reader, path, "`path` of `weights`")
    key, sha256 = mapping.get("key"), mapping.get("sha256")
    missing, unexpected = _read_allow(reader, mapping.get("allow"))
    rename = _read_rename(reader, mapping.get("rename"))
    name = None if key is None else reader.text(key, "`key` of `weights`")
    digest = None if sha256 is None else _read_sha256(reader, sha256)
    if base is None or len(reader.faults) > before:
        return None
    return Checkpoint(
        base.path,
        base.span,
        name,
        digest,
        missing,
        unexpected,
        rename,
        None if key is None else key.span,
        None if sha256 is None else sha256.span,
    )


def _read_path(reader: Reader, node: Node, whose: str) -> Checkpoint | None:
    if isinstance(node, Scalar) and node.value is None:
        return None
    path = reader.text(node, whose)
    if path is None:
        return None
    if not path:
        reader.fault("AS101", f"{whose} is empty", node.span, help="write the path of a checkpoint")
        return None
    return Checkpoint(path, node.span)


def _read_sha256(reader: Reader, node: Node) -> str | None:
    if isinstance(node, Scalar) and isinstance(node.value, str) and re.fullmatch(r"[0-9a-fA-F]{64}", node.value):
        return node.value.lower()
    help = "it is what `sha256sum FILE` prints, 64 hexadecimal digits, in quotes"
    reader.expected(node, "a SHA-256 in hexadecimal", "`sha256` of `weights`", help)
    return None


def _read_allow(reader: Reader, node: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if node is None:
        return (), ()
    mapping = reader.mapping(node, "`allow`", help='write `allow: {missing: ["fc.*"], unexpected: ["fc.*"]}`')
    if mapping is None:
        return (), ()
    reader.keys(mapping, _ALLOWED, "`allow`")
    mapping = reader.corrected(mapping, _ALLOWED, apart=TRUST)
    missing, unexpected = (_read_globs(reader, mapping.get(name), f"`{name}`") for name in _ALLOWED)
    return missing, unexpected


def _read_globs(reader: Reader, node: Node | None, whose: str) -> tuple[str, ...]:
    return () if node is None else tuple(str(glob.value) for glob in read_globs(reader, node, whose))


def read_globs(reader: Reader, node: Node, whose: str) -> list[Scalar]:
    """The globs of a list, or a single one; what is none is recorded and left out."""
    if isinstance(node, Sequence):
        found = reader.strings(node, whose)
    elif reader.text(node, whose) is None or not isinstance(node, Scalar):
        return []
    else:
        found = [node]
    return [glob for glob in found if _is_good(reader, glob)]


def _is_good(reader: Reader, glob: Scalar) -> bool:
    why = globs.fault(str(glob.value))
    if why is not None:
        help = "a glob is a name with `*`, `?` or `[0-9]` in it: `layer1.*`"
        reader.fault("AS409", f"this glob {why}", glob.span, help=help)
    return why is None


def _read_rename(reader: Reader, node: Node | None) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    mapping = reader.mapping(node, "`rename`", help='write `rename: {"module.*": "*"}`')
    rules = () if mapping is None else (_read_rule(reader, glob, target) for glob, target in mapping)
    return tuple(rule for rule in rules if rule is not None)


def _read_rule(reader: Reader, glob: Scalar, target: Node) -> tuple[str, str] | None:
    text = reader.text(target, f"what `{glob.value}` is renamed to")
    if text is None or not _is_good(reader, glob):
        return None
    name = str(glob.value)
    given, wanted = globs.stars(name), text.count("*")
    if not text or len(text) > globs.LONGEST_GLOB:
        message = f"a name has 1 to {globs.LONGEST_GLOB} characters, found {len(text):,}"
        reader.fault("AS409", message, target.span, help='write e.g. `"module.*": "*"`')
        return None
    if wanted > given:
        message = f"`{text}` has {wanted} `*`, but `{name}` has only {given} to take their text from"
        edit = Edit(target.span, '"*"') if given == 1 else None
        reader.fault(
            "AS409", message, target.span, help='each `*` stands for the same text: `"module.*": "*"`', edit=edit
        )
        return None
    return name, text
