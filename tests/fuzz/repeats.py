"""Random repeats: copies of a layer, a sequence or a block, in stages or not, with overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.functions import MERGES
from tests.fuzz.scope import Scope
from tests.fuzz.variables import is_list_of_numbers

if TYPE_CHECKING:
    from tests.fuzz.generate import Generator, Place


def repeated(generator: Generator, place: Place) -> Any:
    """Copies of a layer, a sequence or a block, in stages or not, with overrides."""
    draw = generator.draw
    counts = [draw.randint(1, 3) for _ in range(draw.randint(1, 3))] if draw.chance(0.45) else draw.randint(1, 3)
    stages = counts if isinstance(counts, list) else [counts]
    names = place.scope.names | {
        "index": 0,
        "count": stages[0],
        "stage": 0,
        "stages": len(stages),
        "position": 0,
        "total": sum(stages),
    }
    around = type(place)(Scope(place.scope.path, place.scope.inputs, names, place.scope), place.depth + 1)
    around.scope.previous = place.scope.previous
    made = draw.choice(
        [
            generator.layer,
            generator.layer,
            generator.nested,
            generator.nested,
            generator.block,
            generator.block,
            generator.merge,
        ]
    )(around)
    if made is None:
        return None
    entry = {"layers": made} if isinstance(made, list) else {made: None} if isinstance(made, str) else dict(made)
    entry["repeat"] = counts
    kind = next(iter(entry))
    arguments = entry[kind]
    if (
        place.scope.listed
        and "from" not in entry
        and not isinstance(arguments, dict)
        and kind not in MERGES
        and draw.chance(0.4)
    ):
        entry["inline"] = True
    else:
        named(generator, entry, counts)
    if kind != "layers" and isinstance(arguments, dict) and arguments and "$" not in kind:
        override(generator, entry, arguments, stages, place.scope.names)
    if isinstance(entry["repeat"], int) and draw.chance(0.3):
        entry["repeat"] = generator.number(place, entry["repeat"])
    return entry


def named(generator: Generator, entry: dict[str, Any], counts: int | list[int]) -> None:
    """Sometimes the copies have names of their own."""
    draw = generator.draw
    if draw.chance(0.15):
        entry["names"] = draw.choice(["c$(index)", "$(index + 1)", "x$(position)-y", "a$(count - index)"])
    elif isinstance(counts, int) and draw.chance(0.15):
        entry["repeat"] = {name: draw.choice([None, {}]) for name in ("stem", "x-1", "2")[:counts]}


def override(
    generator: Generator, entry: dict[str, Any], arguments: dict[str, Any], stages: list[int], known: dict[str, Any]
) -> None:
    draw = generator.draw
    numbers = [name for name, value in arguments.items() if isinstance(value, int) and not isinstance(value, bool)]
    if not numbers:
        return
    name = draw.choice(numbers)
    value = arguments[name]
    for modifier, count in (("per_stage", len(stages)), ("per_repeat", max(stages))):
        lists = [word for word, value in known.items() if is_list_of_numbers(value) and len(value) == count]
        if lists and draw.chance(0.3):
            entry[modifier] = {name: f"${draw.choice(lists)}"}
        elif draw.chance(0.25):
            entry[modifier] = {name: [max(0, value + draw.choice([0, 0, 1])) for _ in range(count)]}
    for modifier in ("first", "last"):
        if draw.chance(0.25):
            entry[modifier] = {name: draw.choice([value, value + 1, f"$({value} + stage)"])}
