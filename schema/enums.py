"""Enums of the domain in the public language: the domain knows the members, this says what they mean to a client."""

from __future__ import annotations

import enum

import strawberry


def described_enum(of: type[enum.Enum], description: str, **values: str) -> None:
    """Publish an enum of the domain with a description for each member. KeyError where one is missing."""
    definition = strawberry.enum(of, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
