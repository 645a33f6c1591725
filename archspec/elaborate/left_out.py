"""What no instance has is checked all the same, as far as it can be without values: what a false `when` leaves out, and
layers that variables hold for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archspec.elaborate.arguments import Given, Overrides
from archspec.elaborate.blind import AllAlike
from archspec.elaborate.context import Context
from archspec.elaborate.defaults import Defaults, defaults_in
from archspec.elaborate.environment import NOWHERE, Environment, HeldLayer
from archspec.elaborate.expressions import UNKNOWN
from archspec.elaborate.kinds import check_kinds
from archspec.elaborate.places import where
from archspec.elaborate.variables import held_or_value
from archspec.spec.document import Entry, Parameter
from archspec.spec.read_entries import read_entry
from archspec.spec.reader import Reader


def leave_out(
    context: Context, entry: Entry, environment: Environment, inputs: int, name: str, path: str, overrides: Overrides
) -> None:
    """Remember an entry that is not there, to be checked at the end unless another copy of it is there."""
    place = where(entry.span)
    if place in context.left_out:
        return
    there = replace(entry, modifiers=replace(entry.modifiers, when=None))
    hidden = {key: Given(UNKNOWN, given.node, given.key) for key, given in overrides.items()}
    around = environment.blind()
    frames = tuple(context.frames)

    def check() -> None:
        context.frames[:] = frames
        context.place_one(context, there, around, (NOWHERE,) * inputs, name, path, hidden)
        context.frames.clear()

    context.left_out[place] = check


def check_left_out(context: Context) -> None:
    """Record what is wrong with all that was left out, whatever the values are."""
    done = set()
    while rest := [place for place in context.left_out if place not in done]:
        for place in rest:
            done.add(place)
            if place not in context.reached:
                with context.blindly():
                    context.left_out[place]()


def check_held(context: Context) -> None:
    """Record what is wrong with the layers that variables and defaults hold and nothing has used."""
    for value in list(context.globals.values()):
        for held in value if isinstance(value, list) else [value]:
            if isinstance(held, HeldLayer) and where(held.node.span) not in context.reached:
                _check_held(context, held)
    for block in context.blocks.values():
        declared: dict[str, Any] = {}
        names = AllAlike(UNKNOWN, context.globals, declared)
        own = defaults_in(context, block, names)
        for parameter in block.by_need:
            if parameter.default is not None and where(parameter.default.span) not in context.reached:
                _check_default(context, parameter, names, own)
            declared[str(parameter.name.value)] = UNKNOWN


def _check_default(context: Context, parameter: Parameter, names: Mapping[str, Any], own: Defaults | None) -> None:
    assert parameter.default is not None
    with context.blindly():
        value = held_or_value(context, parameter, parameter.default, names, own)
    for held in value if isinstance(value, list) else [value]:
        if isinstance(held, HeldLayer) and where(held.node.span) not in context.reached:
            _check_held(context, held)


def _check_held(context: Context, held: HeldLayer) -> None:
    context.spend(2, held.node.span)
    reader = Reader()
    entry = read_entry(reader, None, held.node)
    for fault in reader.faults:
        context.fault(fault)
    if not check_kinds(context, entry):
        return
    around = Environment(
        AllAlike(UNKNOWN, held.names), {"input": NOWHERE}, (NOWHERE,), forward="", defaults=held.defaults
    )
    with context.blindly():
        context.place(context, entry, around, "held", "held")
