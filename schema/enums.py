"""Enums of the domain in the public language: the domain knows the members, this says what they mean to a client."""

from __future__ import annotations

import enum

import strawberry


def described_enum(of: type[enum.Enum], description: str, *, named: str | None = None, **values: str) -> None:
    """Publish an enum of the domain with a description for each member. KeyError where one is missing.

    named: what clients call it, where the domain's own word says too little by itself.
    """
    definition = strawberry.enum(of, name=named, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
