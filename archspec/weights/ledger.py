"""What of a checkpoint goes where in a model, decided from names, shapes and element types alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archspec import globs
from archspec.errors import clip, plural
from archspec.spec.checkpoint import Checkpoint
from archspec.weights.contents import Contents, Stored

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tensor of the model.

    Attributes:
        stored: its shape and element type.
        same_as: the first name of the same tensor, where it is shared under several.
        optional: a count that older checkpoints lack and that only statistics without momentum need.
    """

    stored: Stored
    same_as: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """What went where.

    Attributes:
        path: the checkpoint.
        loaded: names in the model, each with the name in the file.
        missing: names in the model that the file lacks, as was allowed; they are initialised.
        unexpected: names in the file that the model has no use for, as was allowed.
        mismatched: names in both whose shapes differ, with the shape in the file and in the model, as was allowed;
            they count as missing and unexpected.
        converted: names whose element type changes, with the type in the file and in the model.
        shared: names in the model that are other names of a loaded tensor.
        kept: counters that the file lacks; they keep their first value.
        idle: globs of `rename` that no name in the file fits.
    """

    path: str
    loaded: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    converted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()

    @property
    def renamed(self) -> dict[str, str]:
        """Names in the file that were renamed, with the names in the model."""
        return {theirs: ours for ours, theirs in self.loaded.items() if ours != theirs}

    def summary(self) -> str:
        """One line, as `archspec build` prints it."""
        parts = [f"{plural(len(self.loaded), 'tensor')} loaded"]
        parts += [f"{len(self.renamed):,} of them renamed"] if self.renamed else []
        parts += [f"{len(self.converted):,} of them converted"] if self.converted else []
        fresh = (*self.missing, *self.mismatched)
        parts += [f"{len(fresh):,} initialised ({_some(fresh)})"] if fresh else []
        left = (*self.unexpected, *self.mismatched)
        parts += [f"{len(left):,} left out ({_some(left)})"] if left else []
        return f"weights from {self.path}: " + ", ".join(parts)

    def render(self) -> str:
        """Every name, a line each, under what became of it."""
        lines = [self.summary()]
        lines += _section(
            "loaded", (ours if ours == theirs else f"{theirs} as {ours}" for ours, theirs in self.loaded.items())
        )
        lines += _section("initialised, as the file lacks them", self.missing)
        lines += _section("left out, as the model has none", self.unexpected)
        shapes = (
            f"{name} is {list(a)} in the file, {list(b)} in the model" for name, (a, b) in self.mismatched.items()
        )
        lines += _section("initialised, as the shapes differ", shapes)
        lines += _section("converted", (f"{name} from {a} to {b}" for name, (a, b) in self.converted.items()))
        lines += _section("the same tensor as another", (f"{name} is {other}" for name, other in self.shared.items()))
        lines += _section("counters that keep their first value", self.kept)
        lines += _section("renamings that fit no name in the file", self.idle)
        return "\n".join(lines)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_SHOWN:,} more" if len(listed) > _MOST_SHOWN else ""
    return ", ".join(clip(name) for name in listed[:_MOST_SHOWN]) + more


def _section(title: str, items: Iterable[str]) -> list[str]:
    listed = list(items)
    return [f"{title}:", *(f"  {item}" for item in listed)] if listed else []


@dataclass(frozen=True, slots=True)
class Match:
    """A file held against a model.

    Attributes:
        ledger: what goes where if what does not fit is left out.
        missing: names that the file lacks and that were not allowed to be.
        unexpected: names that the model lacks and that were not allowed to be.
        mismatched: names whose shapes differ, which was not allowed.
        refused: names whose element types do not convert, with both types.
        doubled: names in the file that are renamed to one name.
    """

    ledger: Ledger
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    doubled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether nothing is in the way."""
        return not (self.missing or self.unexpected or self.mismatched or self.refused or self.doubled)


def match(checkpoint: Checkpoint, contents: Contents, wanted: Mapping[str, Wanted]) -> Match:
    """Hold a file against a model."""
    names, doubled, idle = _renamed(checkpoint, [*contents.tensors, *contents.others])
    tensors = {ours: contents.tensors[theirs] for ours, theirs in names.items() if theirs in contents.tensors}
    both = {name: (tensors[name], want.stored) for name, want in wanted.items() if name in tensors}
    mismatched = {name: (a.shape, b.shape) for name, (a, b) in both.items() if a.shape != b.shape}
    types = {name: (a.dtype, b.dtype) for name, (a, b) in both.items() if a.dtype != b.dtype and name not in mismatched}
    refused = {name: pair for name, pair in types.items() if not _converts(*pair)}
    loaded = {name: names[name] for name in both if name not in mismatched and name not in refused}
    filled = {wanted[name].same_as: name for name in loaded}
    absent = [name for name, want in wanted.items() if name not in both and want.same_as not in filled]
    missing = [name for name in absent if not wanted[name].optional]
    unexpected = {theirs: ours for ours, theirs in names.items() if ours not in both}

    def may_lack(name: str) -> bool:
        return any(globs.matches(pattern, name) for pattern in checkpoint.missing)

    def may_have(name: str) -> bool:
        made = unexpected.get(name, name)
        return any(globs.matches(glob, name) or globs.matches(glob, made) for glob in checkpoint.unexpected)

    allowed = {name: pair for name, pair in mismatched.items() if may_lack(name) and may_have(name)}
    ledger = Ledger(
        path=contents.path,
        loaded=loaded,
        missing=tuple(filter(may_lack, missing)),
        unexpected=tuple(filter(may_have, unexpected)),
        mismatched=allowed,
        converted={name: pair for name, pair in types.items() if name not in refused},
        shared={
            name: filled[want.same_as] for name, want in wanted.items() if name not in both and want.same_as in filled
        },
        kept=tuple(name for name in absent if wanted[name].optional),
        idle=idle,
    )
    return Match(
        ledger,
        tuple(name for name in missing if not may_lack(name)),
        tuple(name for name in unexpected if not may_have(name)),
        {name: pair for name, pair in mismatched.items() if name not in allowed},
        refused,
        doubled,
    )


def _renamed(
    checkpoint: Checkpoint, names: list[str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Each name as the rules make it, with the name in the file; those that become one; rules that fit nothing."""
    made: dict[str, list[str]] = {}
    used: set[str] = set()
    for theirs in names:
        ours = theirs
        for pattern, target in checkpoint.rename:
            renamed = globs.replaced(pattern, target, ours)
            if renamed is not None:
                used.add(pattern)
                ours = renamed
        made.setdefault(ours, []).append(theirs)
    doubled = {ours: tuple(several) for ours, several in made.items() if len(several) > 1}
    idle = tuple(pattern for pattern, _ in checkpoint.rename if pattern not in used)
    return {ours: several[0] for ours, several in made.items()}, doubled, idle


def _converts(theirs: str, ours: str) -> bool:
    """Floating-point numbers become floating-point numbers; nothing else changes its type."""
    return "float" in theirs and "float" in ours
