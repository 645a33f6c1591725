"""How a generated function ends."""

from __future__ import annotations

from collections.abc import Sequence


def returning(lines: list[str], values: Sequence[str]) -> list[str]:
    """The lines and the return of values; one that the last statement makes is returned as it is made."""
    given = ", ".join(values)
    if len(values) == 1 and lines and lines[-1].startswith(f"{given} = "):
        return [*lines[:-1], "return" + lines[-1].removeprefix(f"{given} =")]
    return [*lines, f"return {given}"]
