"""Immutable records at a small price.

A frozen dataclass takes about five times as long to define as a plain slotted one, and the front end has some fifty
of them, all defined before `archspec check` can answer. These are frozen for the type checker, and plain slotted
classes at run time. To make a frozen one takes three times as long, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """A class of named, typed, unchanging fields. Two records are equal only if they are one."""
    return dataclass(slots=True, eq=False, match_args=False)(cls)


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A record that is what its fields are: equal to others with the same, and a key."""
    return dataclass(slots=True, unsafe_hash=True, match_args=False)(cls)
