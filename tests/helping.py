"""Help over HTTP: the documents that tests of plans, measures and relief send, and a family to help."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from domain.access.rules import CHINA
from tests.schema.families_asked import act
from tests.visiting import a_visit, submit
from tests.world import World

_PLAN = "plan { id kind goals startedOn endedOn endReason { code } result }"
_MEASURE = """measure { id state entitlement amount content kind { code } cause { code } plannedOn approvedOn startedOn
  deliveredOn confirmedOn cancelledOn cancelReason { code } lacksWitness witnessVisit { id } providerHelper { id }
  person { id } plan { id } household { id }
  events { act fromState toState happenedOn reason { code } note recordedBy { id } } }"""
_RELIEF = "relief { id state amount term kind { code } source { code } organisation { name } household { id } }"
_ANALYSIS = (
    "analysis { id quarter dueOn content confirmedAt before { onDay causes { code } } after { onDay delivered } }"
)
_ERRORS = "errors { code path message }"


def _mutation(name: str, shown: str) -> str:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {shown} {_ERRORS} }} }}"


MAKE_PLAN, END_PLAN = _mutation("makePlan", _PLAN), _mutation("endPlan", _PLAN)
ADD, APPROVE, START = (_mutation(name, _MEASURE) for name in ("addMeasure", "approveMeasure", "startDelivery"))
DELIVER, CONFIRM, CANCEL = (_mutation(f"{name}Measure", _MEASURE) for name in ("deliver", "confirm", "cancel"))
GIVE, REVIEW = _mutation("giveRelief", _RELIEF), _mutation("reviewRelief", _RELIEF)

WRITE_ANALYSIS = _mutation("writeEffectAnalysis", _ANALYSIS)
CONFIRM_ANALYSIS = _mutation("confirmEffectAnalysis", _ANALYSIS)


def day(ago: int = 0) -> str:
    """The day in China so many days ago."""
    return str(datetime.now(CHINA).date() - timedelta(days=ago))


def new_id() -> str:
    return str(uuid.uuid4())


async def planned(world: World, household: str, persona: str = "cadre", **given: Any) -> dict[str, Any]:
    """A measure that was planned; it must have been."""
    usual = {"kind": "INDUSTRY", "content": "茶树菇三千袋", "plannedOn": day(30), "cause": "LACK_OF_FUNDS"}
    done = await act(world, persona, ADD, id=new_id(), householdId=household, **{**usual, **given})
    assert done["errors"] == []
    measure: dict[str, Any] = done["measure"]
    return measure


async def provider(world: World) -> str:
    """The helper of the persona `cadre`."""
    return str(await world.sql.fetchval("SELECT helper_id FROM account WHERE persona = 'cadre'"))


async def delivered(world: World, household: str, *, ago: int = 10, **given: Any) -> dict[str, Any]:
    """A measure that has reached the family."""
    measure = await planned(world, household, **{"providerHelperId": await provider(world), **given})
    for persona, document, on in (
        ("township_officer", APPROVE, day(ago + 10)),
        ("cadre", START, day(ago + 5)),
        ("cadre", DELIVER, day(ago)),
    ):
        done = await act(world, persona, document, measureId=measure["id"], on=on)
        assert done["errors"] == []
        measure = done["measure"]
    return measure


async def visited(world: World, household: str, **changed: Any) -> str:
    """A visit of the cadre's to this family."""
    visit = await a_visit(world, household, **changed)
    (result,) = (await submit(world, "cadre", [visit]))["results"]
    assert result["errors"] == []
    return str(visit["id"])
