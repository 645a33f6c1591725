"""A layer that writes over its input may be the only one that takes it: another would see the new values, or lose the
old ones that its gradient needs. Nor may the layer that made the value need it for its own gradient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from archspec.errors import Diagnostic
from archspec.graph.nodes import Call, Graph, Ref
from archspec.graph.values import origin, sources
from archspec.ops.gradient import keeps_output


def shared_inplace(graph: Graph, by_default: Collection[int] = ()) -> list[Diagnostic]:
    """A fault for each place in the spec where a value that is changed in place is also taken by something else.

    `by_default` are the calls that work in place because the spec's `defaults` say so.
    """
    calls = list(graph.calls())
    changing = [call for call in calls if call.overwrites and call.inputs]
    if not changing:
        return []
    found_sources = sources(graph.root) | _handed_on(calls)
    users: dict[Ref, list[Call | None]] = defaultdict(list)
    for call in calls:
        for ref in dict.fromkeys(call.inputs):
            if call.overwrites or not _hands_on(call):
                users[origin(ref, found_sources)].append(call)
    for output in graph.outputs:
        users[origin(output.ref, found_sources)].append(None)
    makers = {call.id: call for call in calls if keeps_output(call.op, call.args)}
    locked = {call.id: call for call in calls if call.op.view == "locked"}
    found: dict[tuple[int, int], Diagnostic] = {}
    for call in changing:
        changed = origin(call.inputs[0], found_sources)
        locker = _locker(call.inputs[0], found_sources, locked)
        others = [user for user in users[changed] if user is not call]
        if locker is not None:
            fault = _locked(call, locker)
        elif others:
            fault = _fault(call, others[0])
        elif changed.id in makers:
            fault = _kept(call, makers[changed.id])
        else:
            continue
        if call.id in by_default:
            fault = replace(fault, help="write `inplace: false` here: the true one comes from `defaults`")
        found.setdefault((id(call.span.source), call.span.start), fault)
    return list(found.values())


def _hands_on(call: Call) -> bool:
    """Whether what it gives lies in the memory of what it takes; a dropout gives its input itself in eval mode."""
    return bool(call.op.view) or "ropout" in call.op.name


def _handed_on(calls: list[Call]) -> dict[Ref, Ref]:
    return {
        Ref(call.id, port): call.inputs[0]
        for call in calls
        if call.inputs and _hands_on(call) and not call.overwrites
        for port in range(len(call.outputs))
    }


def _fault(call: Call, other: Call | None) -> Diagnostic:
    taker = (
        "the model returns it"
        if other is None
        else f"`{other.path}` ({other.span.line_seen_from(call.span)}) takes it too"
    )
    return Diagnostic(
        "AS232",
        f"`{call.path}` changes its input in place, but {taker}",
        call.span,
        help="leave `inplace` out here",
    )


def _kept(call: Call, maker: Call) -> Diagnostic:
    message = f"`{call.path}` changes its input in place, but `{maker.path}` needs what it made for its gradient"
    note = f"the gradient of `{maker.op.name}` ({maker.span.line_seen_from(call.span)}) is computed from its output"
    return Diagnostic("AS232", message, call.span, notes=(note,), help="leave `inplace` out here")


def _locked(call: Call, locker: Call) -> Diagnostic:
    """torch itself forbids it: several elements may lie in one place, or several tensors in one memory."""
    message = f"`{call.path}` changes its input in place, but that is a view which `{locker.path}` made"
    where = locker.span.line_seen_from(call.span)
    note = f"the result of `{locker.op.name}` ({where}) shares its memory with other tensors"
    return Diagnostic("AS232", message, call.span, notes=(note,), help="leave `inplace` out here")


def _locker(ref: Ref, sources: dict[Ref, Ref], locked: dict[int, Call]) -> Call | None:
    """The call that made the view, or a view of it, that may not be changed in place."""
    while ref.id not in locked and ref in sources:
        ref = sources[ref]
    return locked.get(ref.id)
