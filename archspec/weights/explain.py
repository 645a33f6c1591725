"""Why a checkpoint does not fit a model, all of it at once, and what to write so that it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from archspec.errors import clip, plural
from archspec.spec.checkpoint import Checkpoint
from archspec.suggest import nearest
from archspec.weights.contents import Contents
from archspec.weights.ledger import Match, Wanted
from archspec.weights.ledger import match as hold
from archspec.weights.refusal import refuse

_MOST_SHOWN = 6
_MOST_GLOBS = 6
_MOST_TRIED = 200


def refuse_match(
    checkpoint: Checkpoint, contents: Contents, wanted: Mapping[str, Wanted], match: Match, model: str
) -> None:
    """Raise what keeps a file from fitting a model; nothing where it fits.

    Raises:
        SpecError: AS456, names, shapes or element types differ; AS457, several of its tensors get one name.
        UsageError: the same, where the caller names the file.
    """
    file = f"`{clip(contents.path, 200)}`"
    if match.doubled:
        ours, theirs = next(iter(match.doubled.items()))
        listed = ", ".join(f"`{clip(name)}`" for name in sorted(theirs)[:_MOST_SHOWN])
        message = f"`rename` makes {len(theirs)} tensors of {file} into `{clip(ours)}`: {listed}"
        refuse(
            checkpoint,
            "AS457",
            message,
            help="make the glob narrower; rules apply in order, each to the last one's result",
        )
    if match.fits:
        return
    counts = [
        f"{len(names):,} {word}"
        for names, word in (
            (match.missing, "missing"),
            (match.unexpected, "unexpected"),
            (match.mismatched, "of another shape"),
            (match.refused, "of another element type"),
        )
        if names
    ]
    message = f"{file} does not fit `{model}`: of {plural(len(wanted), 'tensor')}, {', '.join(counts)}"
    refuse(
        checkpoint,
        "AS456",
        message,
        notes=_notes(contents, wanted, match),
        help=_help(checkpoint, contents, wanted, match),
    )


def _notes(contents: Contents, wanted: Mapping[str, Wanted], match: Match) -> tuple[str, ...]:
    shapes = (f"`{clip(n)}` {list(a)} for {list(b)}" for n, (a, b) in match.mismatched.items())
    types = (f"`{clip(n)}` {a} for {b}" for n, (a, b) in match.refused.items())
    near = {name: nearest(name, match.unexpected) for name in match.missing[:_MOST_SHOWN]}
    missing = (
        f"`{clip(name)}` {list(wanted[name].stored.shape)}"
        + (f" (the file has `{near[name][0]}`)" if near.get(name) else "")
        for name in match.missing
    )
    unexpected = (f"`{clip(name)}`{_shape(contents, name)}" for name in match.unexpected)
    notes = (
        ("the file lacks ", missing, len(match.missing)),
        ("the model has no ", unexpected, len(match.unexpected)),
        ("shapes in the file and in the model: ", shapes, len(match.mismatched)),
        ("element types in the file and in the model: ", types, len(match.refused)),
    )
    return tuple(title + _bounded(items, count) for title, items, count in notes if count)


def _shape(contents: Contents, name: str) -> str:
    tensor = contents.tensors.get(name)
    return ", which is no tensor" if tensor is None else f" {list(tensor.shape)}"


def _bounded(items: Iterable[str], count: int) -> str:
    shown = [item for item, _ in zip(items, range(_MOST_SHOWN), strict=False)]
    return ", ".join(shown) + (f" and {count - _MOST_SHOWN:,} more" if count > _MOST_SHOWN else "")


def _help(checkpoint: Checkpoint, contents: Contents, wanted: Mapping[str, Wanted], match: Match) -> str | None:
    """A `rename`, an `allow`, or both, with which the file is accepted; None where nothing short does it."""
    if match.refused:
        return "save these in the model's element type: only floating-point types are converted"
    rule = _rename(checkpoint, contents, wanted, match)
    if rule is not None:
        checkpoint = _with_rule(checkpoint, rule)
        match = hold(checkpoint, contents, wanted)
    if match.fits:
        return f"write {_section(checkpoint)}"
    if not match.ledger.loaded:
        return "it belongs to another model: not one of its tensors has a name and a shape of this one"
    missing = _globs([*match.missing, *match.mismatched], match.ledger.loaded)
    unexpected = _globs([*match.unexpected, *match.mismatched], match.ledger.loaded)
    if len(missing) > _MOST_GLOBS or len(unexpected) > _MOST_GLOBS:
        return "it belongs to another model; compare its names with `archspec build --full`"
    allowing = replace(
        checkpoint,
        missing=tuple(dict.fromkeys((*checkpoint.missing, *missing))),
        unexpected=tuple(dict.fromkeys((*checkpoint.unexpected, *unexpected))),
    )
    return f"if this is meant, write {_section(allowing)}"


def _section(checkpoint: Checkpoint) -> str:
    """A `weights` section as it stands in a spec."""
    parts = [f"path: {clip(checkpoint.path, 120)}"]
    if checkpoint.key is not None:
        parts.append(f"key: {clip(checkpoint.key)}")
    allowed = [
        f"{name}: [{', '.join(map(_quoted, found))}]"
        for name, found in (("missing", checkpoint.missing), ("unexpected", checkpoint.unexpected))
        if found
    ]
    if allowed:
        parts.append(f"allow: {{{', '.join(allowed)}}}")
    if checkpoint.rename:
        rules = (f"{_quoted(glob)}: {_quoted(target)}" for glob, target in checkpoint.rename)
        parts.append(f"rename: {{{', '.join(rules)}}}")
    return f"`weights: {{{', '.join(parts)}}}`"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _with_rule(checkpoint: Checkpoint, rule: tuple[str, str]) -> Checkpoint:
    return replace(checkpoint, rename=(*checkpoint.rename, rule))


def _globs(names: list[str], loaded: Mapping[str, str]) -> list[str]:
    """Names by their outermost module that nothing is loaded into, as globs."""
    found: dict[str, None] = {}
    for name in names:
        parts = name.split(".")
        prefixes = (".".join(parts[:length]) + "." for length in range(1, len(parts)))
        free = next((p for p in prefixes if not any(other.startswith(p) for other in loaded)), None)
        found[name if free is None else f"{free}*"] = None
    return list(found)


def _rename(
    checkpoint: Checkpoint, contents: Contents, wanted: Mapping[str, Wanted], match: Match
) -> tuple[str, str] | None:
    """The one rule that brings the most missing names together with unexpected ones of the same shape."""
    votes: Counter[tuple[str, str]] = Counter()
    for theirs in match.unexpected[:_MOST_TRIED]:
        for ours in match.missing[:_MOST_TRIED]:
            if _alike(theirs, ours, contents, wanted) and (rule := _rule(theirs, ours)) is not None:
                votes[rule] += 1
    for ours in match.missing[:_MOST_SHOWN]:
        votes.update(
            (theirs, ours) for theirs in nearest(ours, match.unexpected) if _alike(theirs, ours, contents, wanted)
        )
    before = len(match.missing) + len(match.unexpected) + len(match.mismatched)
    for rule, _ in votes.most_common(3):
        after = hold(_with_rule(checkpoint, rule), contents, wanted)
        if not after.doubled and len(after.missing) + len(after.unexpected) + len(after.mismatched) < before:
            return rule
    return None


def _alike(theirs: str, ours: str, contents: Contents, wanted: Mapping[str, Wanted]) -> bool:
    tensor = contents.tensors.get(theirs)
    return tensor is not None and tensor.shape == wanted[ours].stored.shape


def _rule(theirs: str, ours: str) -> tuple[str, str] | None:
    """`module.fc.weight` and `fc.weight` as `module.*` to `*`; what both end with is what `*` stands for."""
    left, right = theirs.split("."), ours.split(".")
    shared = 0
    while shared < min(len(left), len(right)) and left[-1 - shared] == right[-1 - shared]:
        shared += 1
    if not shared:
        return None
    head, target = left[: len(left) - shared], right[: len(right) - shared]
    return ".".join([*head, "*"]), ".".join([*target, "*"])
