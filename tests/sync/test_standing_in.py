"""A stand-in's phone (AB角): the helper's families come to it, and leave it on the day on which the time is over."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from api import identity
from domain.demo.personas import account_id
from tests.schema.families_asked import new_family
from tests.schema.pairings_asked import TODAY, account
from tests.schema.test_deciding_on_pairings import ASSIGN, END, decide
from tests.sync.phones import VISITS, Phone, agrees
from tests.visiting import a_visit, ago, homes_of, submit
from tests.world import World

STAND_IN = "UPDATE access_grant SET deputy_id = $1, deputy_from = $2, deputy_to = $3 WHERE account_id = $4"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def closely_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes is felt at once and not within five seconds."""
    monkeypatch.setattr(identity, "REMEMBERED_SECONDS", 0.0)


async def stand_in(world: World, days_from: int, days_to: int) -> None:
    """陈志明 for 李桂芳, from one day until the first day without."""
    given = (TODAY + days_from * DAY, TODAY + days_to * DAY, account_id("cadre"))
    assert await world.sql.execute(STAND_IN, account_id("other_cadre"), *given) == "UPDATE 1"


async def test_the_helpers_families_come_change_and_go_again(world: World) -> None:
    own, theirs = set(await homes_of(world, "other_cadre")), set(await homes_of(world, "cadre"))
    phone = await Phone(world, "other_cadre").sync()
    visits = await Phone(world, "other_cadre", VISITS).sync()
    assert set(phone.documents) == own

    await stand_in(world, -1, 5)
    await phone.sync()
    assert set(phone.documents) == own | theirs
    assert (await visits.sync()).documents.keys() == (await Phone(world, "other_cadre", VISITS).sync()).documents.keys()

    # What happens to the helper's list meanwhile, the stand-in's phone hears of as the helper's does: without a new start.
    household, resets = await new_family(world), phone.resets
    asked = {"id": str(uuid.uuid4()), "helperId": await account(world, "cadre"), "householdId": household}
    payload = await decide(world, "township_officer", ASSIGN, role="KEY_HELP", startedOn=str(TODAY - 2 * DAY), **asked)
    assert payload["errors"] == []
    await phone.sync()
    assert (phone.came, phone.resets) == ([household], resets)
    ending = {"operationId": str(uuid.uuid4()), "pairingId": asked["id"], "endedOn": str(TODAY)}
    payload = await decide(world, "township_officer", END, **ending, reason="TERM_COMPLETED")
    assert payload["errors"] == []
    await phone.sync()
    assert (phone.came, phone.resets) == ([household], resets), "a tombstone"
    assert household not in phone.documents

    await stand_in(world, -1, 0)
    await phone.sync()
    assert set(phone.documents) == own
    assert phone.resets == resets + 1
    assert await agrees(phone)
    await visits.sync()
    assert await agrees(visits)


async def test_a_visit_made_while_standing_in_counts_when_it_is_sent_after_the_last_day(world: World) -> None:
    home, *others = [one for one in await homes_of(world, "cadre") if one not in await homes_of(world, "other_cadre")]
    await stand_in(world, -3, 0)
    late = await a_visit(world, home, occurredAt=ago(days=2), capturedAt=ago(days=2))
    (result,) = (await submit(world, "other_cadre", [late]))["results"]
    assert result["outcome"] == "APPLIED", result
    of_today = await a_visit(world, others[0])
    (result,) = (await submit(world, "other_cadre", [of_today]))["results"]
    assert [error["code"] for error in result["errors"]] == ["HOUSEHOLD_NOT_HERE_YET"], result
