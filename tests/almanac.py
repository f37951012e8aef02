"""Stories of cases that take weeks: the server's clock goes on by days, and whoever fills in a sheet dates it by that."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from api import worker
from api.jobs import JOBS
from tests.casework import doing
from tests.grading import Clock
from tests.schema.families_asked import act
from tests.world import World


class Almanac(Clock):
    """Runs on from now, and stands still at ten o'clock of each day that a story goes to. Nothing of the past is written
    anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.day_0 = self.today
        self.stands_still = False

        async def today_in(_: World) -> date:
            return self.today

        monkeypatch.setattr("tests.casework.today_in", today_in)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.at.date()

    def day(self, number: int) -> str:
        """The day so many days after day 0, as the API tells it."""
        return str(self.day_0 + timedelta(days=number))

    def now(self, zone: Any = None) -> datetime:
        # What phones date by their own clocks on day 0 must not come from the server's future.
        return super().now(zone) if self.stands_still else datetime.now(zone)

    def go_to(self, number: int) -> None:
        """Ten o'clock in the morning so many days after day 0."""
        self.stands_still = True
        self.on(self.day(number))


async def notices_end(world: World, clock: Clock) -> None:
    """What the worker does about notices in the night."""
    async with worker.working(world.settings, lambda: clock.at) as work:
        await JOBS["end_notices"](work, {})


async def tried(world: World, persona: str, name: str, **given: Any) -> list[str]:
    """The codes of the refusals of a deed in a case."""
    return [error["code"] for error in (await act(world, persona, doing(name), **given))["errors"]]


async def serves(world: World, persona: str, role: str, region: str) -> None:
    """One more post for the persona."""
    await world.sql.execute(
        "INSERT INTO access_grant (id, account_id, role, region_code, starts_on)"
        " SELECT gen_random_uuid(), id, $1, $2, '2018-01-01' FROM account WHERE persona = $3",
        *(role, region, persona),
    )
