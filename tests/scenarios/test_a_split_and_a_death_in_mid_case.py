"""A family changes while its case runs: the head dies under the notice, the son sets up a house of his own.

The old household's id keeps the case, the clock and what was done; what hung hangs anew, since it says something else now;
the new household is looked at by itself (domain.md §11.12).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.almanac import Almanac, notices_end
from tests.casework import (
    POOR,
    VERIFY,
    a_case,
    announced,
    appraised,
    compared,
    decided,
    do,
    done,
    earns,
    needs,
    published,
    refusals,
    reviewed,
)
from tests.grading import call
from tests.schema.families_asked import CHANGE, SPLIT, act, person
from tests.visiting import new_id
from tests.world import World

FAMILY = """query ($id: ID!) { household(id: $id) { monitoringStatus endedOn exitedOn head { name } memberCount
  splitFrom { id } clues { id sign { code } state }
  monitoring { id step stepDueOn dueOn notices { publishedOn content withdrawnAt } events { event level detail } }
  cases { id step closeReason { code } previousCase { id } } } }"""


async def family(world: World, home: str, persona: str = "county_officer") -> Any:
    return (await world.ask(persona, FAMILY, {"id": home}))["household"]


def hung(told: Any) -> list[tuple[str, int, bool]]:
    """What hung or hangs of the family: its head, how many they are, whether it hangs still."""
    return [
        (one["content"]["headName"], one["content"]["memberCount"], one["withdrawnAt"] is None)
        for one in told["monitoring"]["notices"]
    ]


async def test_the_head_dies_and_the_son_leaves_while_the_case_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Almanac(monkeypatch)
    father, mother = (
        person("鄢大山", bornOn="1955-01-01"),
        person("林玉兰", "SPOUSE", sex="FEMALE", bornOn="1957-01-01"),
    )
    son, wife = person("鄢小山", "SON"), person("陈桂香", "DAUGHTER_IN_LAW", sex="FEMALE")
    home, case = await a_case(world, father, mother, son, wife)
    await earns(world, home, POOR)
    clock.go_to(1)
    await compared(world, home, case)
    await appraised(world, case)
    assert (await published(world, case))["stepDueOn"] == clock.day(6)

    # Day 4. The head dies. The widow is head now; the notice names another, so it is taken down. The clock goes on.
    clock.go_to(4)
    death = {
        "leaving": [{"personId": father["id"], "reason": "DEATH", "on": clock.day(4)}],
        "headId": mother["id"],
        "relations": [
            {"personId": son["id"], "relationToHead": "SON"},
            {"personId": wife["id"], "relationToHead": "DAUGHTER_IN_LAW"},
        ],
    }
    assert (await act(world, "village_officer", CHANGE, householdId=home, **death))["errors"] == []
    widowed = await family(world, home)
    assert (widowed["head"]["name"], widowed["monitoringStatus"]) == ("林玉兰", "IN_PROCEDURE")
    assert (widowed["monitoring"]["stepDueOn"], widowed["monitoring"]["dueOn"]) == (None, clock.day(15))
    assert widowed["monitoring"]["events"][-1] == {
        "event": "FAMILY_CHANGED",
        "level": None,
        "detail": {"joined": 0, "left": ["DEATH"], "hasNewHead": True, "noticeRestarts": True},
    }
    clock.go_to(7)
    await notices_end(world, clock)
    nothing_hangs = await do(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")
    assert (refusals(nothing_hangs), needs(nothing_hangs)) == (["NOTICE_NOT_OVER"], {"PUBLISHED_NOTICE": "VILLAGE"})
    assert (await published(world, case))["stepDueOn"] == clock.day(12)

    # Day 8. The son and his wife set up a house of their own. Two are left, and that is what hangs from now on.
    clock.go_to(8)
    new = new_id()
    goes = [
        {"personId": son["id"], "relationToHead": "HEAD"},
        {"personId": wife["id"], "relationToHead": "SPOUSE"},
    ]
    split = {"id": new, "householdId": home, "on": clock.day(8), "members": goes}
    assert (await act(world, "village_officer", SPLIT, **split))["errors"] == []
    old, fresh = await family(world, home), await family(world, new)
    assert (old["monitoring"]["id"], old["monitoring"]["dueOn"], old["memberCount"]) == (case, clock.day(15), 1)
    event = old["monitoring"]["events"][-1]
    assert (event["event"], event["detail"]["newHousehold"], event["detail"]["noticeRestarts"]) == (
        "FAMILY_SPLIT",
        new,
        True,
    )
    await published(world, case)
    assert hung(await family(world, home)) == [("鄢**", 4, False), ("林**", 3, False), ("林**", 1, True)]

    # The new household has no case of its own by that, and no status: a sign, which somebody looks at.
    assert (fresh["splitFrom"], fresh["monitoring"], fresh["monitoringStatus"]) == ({"id": home}, None, "NEVER")
    assert [(one["sign"]["code"], one["state"]) for one in fresh["clues"]] == [("NEW_HOUSEHOLD", "NEW")]

    # Day 14. The night ends the third notice; township and county are in time, with the clock of the first day.
    clock.go_to(14)
    await notices_end(world, clock)
    assert (await family(world, home))["monitoring"]["step"] == "TOWNSHIP_REVIEW"
    await reviewed(world, case)
    await earns(world, home, POOR)
    assert (await decided(world, case))["events"][-1]["detail"]["isLate"] is False
    assert (await announced(world, case))["monitoredOn"] == clock.day(14)
    told = await family(world, home)
    assert (told["monitoringStatus"], [one["event"] for one in told["monitoring"]["events"]]) == (
        "MONITORED",
        [
            *("OPENED", "COMPARISON_REQUESTED", "COMPARISON_CONCLUDED", "APPRAISAL_AGREED", "NOTICE_PUBLISHED"),
            *("FAMILY_CHANGED", "NOTICE_PUBLISHED", "FAMILY_SPLIT", "NOTICE_PUBLISHED", "NOTICE_ENDED"),
            *("TOWNSHIP_APPROVED", "COUNTY_APPROVED", "RESULT_ANNOUNCED"),
        ],
    )

    # Day 15. The young household's sign is true as well: a case of its own, beside the other, that names none before it.
    clock.go_to(15)
    (clue,) = (one["id"] for one in fresh["clues"])
    secretary = str(await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'"))
    visit = await call(world, clock, new, purpose="VERIFICATION", companionIds=[secretary])
    found = await act(world, "village_officer", VERIFY, clueId=clue, visitId=visit, outcome="CONFIRMED")
    assert found["errors"] == []
    theirs = new_id()
    opened = await done(world, "village_officer", "openMonitoringCase", id=theirs, clueId=clue, causes=["ILLNESS"])
    assert (opened["previousCase"], opened["dueOn"]) == (None, clock.day(8 + 15))

    # Day 60. The widow dies. Nobody is left: the case closes by itself, which is no exit; the young family's goes on.
    clock.go_to(60)
    last = [{"personId": mother["id"], "reason": "DEATH", "on": clock.day(60)}]
    assert (await act(world, "village_officer", CHANGE, householdId=home, leaving=last))["errors"] == []
    ended = await family(world, home)
    assert (ended["endedOn"], ended["exitedOn"], ended["monitoring"]) == (clock.day(60), None, None)
    assert ended["cases"] == [{"id": case, "step": "CLOSED", "closeReason": {"code": "NATURAL"}, "previousCase": None}]
    assert (await family(world, new))["monitoring"]["step"] == "COMPARISON"
