"""The schema's declarations, rehearsed: every planned field compiles with all of its arguments and with the fewest."""

from __future__ import annotations

from schema.root import catalogue


def test_every_planned_field_of_the_schema_compiles() -> None:
    rehearsed = catalogue(by_rehearsal=True)
    assert rehearsed.mistakes == []
    assert len(rehearsed.types) > 40
