"""Cases over HTTP: a family whose sign was verified at the door, and what is done in its case."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from tests.schema.families_asked import act, new_family, person
from tests.visiting import a_visit, ago, submit
from tests.world import World

CASE = """id step round category { code } proposedCategory { code } causes { code } stepDueOn beganOn roundBeganOn dueOn isOverdue
  decidedAt monitoredOn eliminatedOn closedOn closeReason { code } uploadStatus previousCase { id } revision
  events { event level fromStep toStep reason detail recordedBy { name } }"""
ERRORS = """errors { code message path ... on MissingRequirement { requires { code message fromWhom detail } } }"""
ANSWER = """mutation ($input: AnswerComparisonInput!) { answerComparison(input: $input) {
  question { id outcome finding people } errors { code message path } } }"""
VERIFY = """mutation ($input: VerifyClueInput!) { verifyClue(input: $input) {
  clue { id state } errors { code message path } } }"""


BY_THE_CASE_ALONE = {"concludeComparison", "publishNotice", "announceResult", "confirmNationalEntry"}


def doing(name: str) -> str:
    """The mutation of this name, with the whole case in its payload."""
    taking = "CaseInput" if name in BY_THE_CASE_ALONE else f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {taking}!) {{ {name}(input: $input) {{ monitoringCase {{ {CASE} }} {ERRORS} }} }}"


async def do(world: World, persona: str, name: str, **given: Any) -> Any:
    """The payload of a deed in a case; the operation's id is made here."""
    return await act(world, persona, doing(name), **given)


async def done(world: World, persona: str, name: str, **given: Any) -> Any:
    """The case after a deed that must succeed."""
    payload = await do(world, persona, name, **given)
    assert payload["errors"] == [], payload["errors"]
    return payload["monitoringCase"]


def refusals(payload: Any) -> list[str]:
    """The codes of its errors."""
    return [error["code"] for error in payload["errors"]]


def needs(payload: Any) -> dict[str, str]:
    """What its errors say is missing: code → from whom."""
    return {one["code"]: one["fromWhom"] for error in payload["errors"] for one in error.get("requires", ())}


async def a_clue(world: World, home: str, sign: str = "MEDICAL_EXPENSE", days_ago: int = 0) -> str:
    """A clue of this family that waits to be verified, put where a department's list would have put it."""
    clue = uuid.uuid4()
    await world.sql.execute(
        "INSERT INTO clue (id, household_id, region_code, sign, period, received_at, began_on, due_on)"
        " SELECT $1, id, region_code, $3, $5, now() - make_interval(days => $4), current - $4, current - $4 + 7"
        " FROM household, (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS current) today WHERE id = $2",
        clue,
        uuid.UUID(home),
        sign,
        days_ago,
        str(clue)[:8],
    )
    return str(clue)


async def verified(world: World, home: str, clue: str, by: str = "village_officer") -> str:
    """The clue, found true at the door by two of whom one does not help the family."""
    secretary = await world.sql.fetchval("SELECT id FROM helper WHERE name = '林国强'")
    visit = await a_visit(
        world, home, purpose="VERIFICATION", companionIds=[str(secretary)], occurredAt=ago(), capturedAt=ago()
    )
    (submitted,) = (await submit(world, by, [visit]))["results"]
    assert submitted["outcome"] == "APPLIED", submitted
    payload = await act(world, by, VERIFY, clueId=clue, visitId=visit["id"], outcome="CONFIRMED")
    assert payload["errors"] == []
    return clue


async def a_case(world: World, *members: Any, sign: str = "MEDICAL_EXPENSE", days_ago: int = 0) -> tuple[str, str]:
    """A family of Lixing with an open case: its id, and the case's."""
    home = await new_family(world, *(members or (person("鄢大山"),)))
    clue = await verified(world, home, await a_clue(world, home, sign, days_ago))
    case = str(uuid.uuid4())
    await done(world, "village_officer", "openMonitoringCase", id=case, clueId=clue, causes=["ILLNESS"])
    return home, case


# --- the steps, each as the one who may ------------------------------------------------------------------------------------

APPRAISAL = {
    "present": 12,
    "inFavour": 11,
    "against": 0,
    "abstained": 1,
    "isAgreed": True,
    "minutes": "评议〔2026〕3号",
}
WEALTHY, POOR = "2000", "300"  # yuan a month, for one person: above and below the line


async def today_in(world: World) -> date:
    """The day in China, by the database's clock: that of the server under test."""
    day: date = await world.sql.fetchval("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    return day


async def earns(world: World, home: str, monthly: str) -> None:
    """More than a year of figures: no month of the family's income is unknown, nor was it when a notice hung last month."""
    now = await today_in(world)
    count = now.year * 12 + now.month - 1
    rows = [
        {
            "householdId": home,
            "month": f"{n // 12}-{n % 12 + 1:02}",
            "kind": "WAGE",
            "amount": monthly,
            "origin": "DOOR_SURVEY",
        }
        for n in range(count - 14, count)
    ]
    record = (
        "mutation ($input: RecordIncomeStatementInput!) { recordIncomeStatement(input: $input) { errors { code } } }"
    )
    assert (await act(world, "village_officer", record, rows=rows))["errors"] == []


async def departments(world: World) -> list[str]:
    """The organisation of the persona `department`."""
    return [str(await world.sql.fetchval("SELECT organisation_id FROM account WHERE persona = 'department'"))]


async def adults_signed(world: World, home: str) -> list[dict[str, Any]]:
    """The authorisations of everybody of age."""
    people = await world.sql.fetch(
        "SELECT id FROM person WHERE household_id = $1 AND born_on <= current_date - interval '18 years'",
        uuid.UUID(home),
    )
    day = str(await today_in(world))
    return [{"personId": str(one["id"]), "signedOn": day, "document": f"授权{n}"} for n, one in enumerate(people)]


async def asked(world: World, home: str, case: str) -> str:
    """Departments were asked; the id of the question to the persona's."""
    signed = await adults_signed(world, home)
    await done(
        world,
        "village_officer",
        "requestComparison",
        caseId=case,
        authorisations=signed,
        organisationIds=await departments(world),
    )
    question = await world.sql.fetchval(
        "SELECT id FROM comparison_question WHERE case_id = $1 ORDER BY asked_at DESC LIMIT 1", uuid.UUID(case)
    )
    return str(question)


async def compared(world: World, home: str, case: str) -> None:
    """Departments found nothing."""
    question = await asked(world, home, case)
    payload = await act(world, "department", ANSWER, questionId=question, isHit=False)
    assert payload["errors"] == []
    await done(world, "village_officer", "concludeComparison", caseId=case)


async def appraised(world: World, case: str) -> Any:
    return await done(
        world, "village_officer", "recordAppraisal", caseId=case, heldOn=str(await today_in(world)), **APPRAISAL
    )


async def published(world: World, case: str) -> Any:
    return await done(world, "village_officer", "publishNotice", caseId=case)


async def days_pass(world: World, case: str, days: int) -> None:
    """So many days later: everything of the case happened that much earlier, and the server's clock stands still."""
    await world.sql.execute("SET session_replication_role = replica")
    for table, columns, instants in (
        (
            "monitoring_case",
            "began_on round_began_on due_on step_due_on monitored_on",
            "opened_at step_since decided_at",
        ),
        ("notice", "published_on ends_on", "published_at"),
        ("objection", "due_on", "received_at"),
        ("comparison_question", "due_on", "asked_at"),
        ("case_event", "", "happened_at recorded_at"),
        ("case_authorisation", "signed_on", "recorded_at"),
    ):
        key = "id" if table == "monitoring_case" else "case_id"
        changes = [f"{one} = {one} - {days}" for one in columns.split()]
        changes += [f"{one} = {one} - interval '{days} days'" for one in instants.split()]
        await world.sql.execute(f"UPDATE {table} SET {', '.join(changes)} WHERE {key} = $1", uuid.UUID(case))
    await world.sql.execute(
        f"UPDATE clue SET began_on = began_on - {days}, due_on = due_on - {days} WHERE household_id ="
        " (SELECT household_id FROM monitoring_case WHERE id = $1)",
        uuid.UUID(case),
    )
    await world.sql.execute("RESET session_replication_role")


async def noticed(world: World, case: str) -> None:
    """The notice has hung its days."""
    await published(world, case)
    await days_pass(world, case, 6)


async def reviewed(world: World, case: str) -> Any:
    return await done(world, "township_officer", "reviewAtTownship", caseId=case, outcome="APPROVE")


async def decided(world: World, case: str, **given: Any) -> Any:
    return await done(world, "county_officer", "decideAtCounty", caseId=case, outcome="APPROVE", **given)


async def announced(world: World, case: str) -> Any:
    return await done(world, "county_officer", "announceResult", caseId=case)


async def brought_to(world: World, step: str, *members: Any, monthly: str = POOR) -> tuple[str, str]:
    """A family of Lixing whose case stands there, everything before done in time."""
    home, case = await a_case(world, *members)
    await earns(world, home, monthly)
    deeds = (
        ("COMPARISON", lambda: compared(world, home, case)),
        ("DEMOCRATIC_APPRAISAL", lambda: appraised(world, case)),
        ("VILLAGE_NOTICE", lambda: noticed(world, case)),
        ("TOWNSHIP_REVIEW", lambda: reviewed(world, case)),
        ("COUNTY_DECISION", lambda: decided(world, case)),
        ("RESULT_ANNOUNCED", lambda: announced(world, case)),
    )
    for name, deed in deeds:
        if name == step:
            break
        await deed()
    return home, case


# --- objections, the second round, changes of the family --------------------------------------------------------------------

OBJECT = """mutation ($input: RecordObjectionInput!) { recordObjection(input: $input) {
  monitoringCase { step events { event } } clue { id sign { code } witnesses { source } }
  errors { code path ... on MissingRequirement { requires { code fromWhom } } } } }"""
CONDITIONS = """query ($case: ID!) { eliminationConditions(caseId: $case) { code message state fromWhom detail } }"""
KINSHIP = """mutation ($input: DeclareKinshipInput!) { declareKinship(input: $input) {
  household { id } errors { code path } } }"""


async def objected(world: World, case: str, persona: str = "township_officer", **given: Any) -> str:
    """An objection that was taken: its id."""
    id = str(uuid.uuid4())
    payload = await act(world, persona, OBJECT, id=id, caseId=case, **{"says": "他家有车", **given})
    assert payload["errors"] == []
    return id


async def judged(world: World, case: str, persona: str = "village_officer") -> dict[str, str]:
    """The conditions of a case: code → state."""
    found = (await world.ask(persona, CONDITIONS, {"case": case}))["eliminationConditions"]
    return {one["code"]: one["state"] for one in found}


GOOD_HOME = {
    "adultsMet": 2,
    "hasTelevision": True,
    "hasEnoughFood": True,
    "hasEnoughClothing": True,
    "compulsoryEducation": "NO_CHILD_OF_AGE",
    "hasBasicMedicalCare": True,
    "isHousingSafe": True,
    "drinkingWater": "SAFE",
    "needs": [],
}


async def visited(world: World, home: str, *findings: str, **answers: Any) -> None:
    """The village called at the door, and found what it found."""
    visit = await a_visit(
        world,
        home,
        answers={**GOOD_HOME, **answers},
        findings=[{"id": str(uuid.uuid4()), "kind": kind} for kind in findings],
        occurredAt=ago(),
        capturedAt=ago(),
    )
    (submitted,) = (await submit(world, "village_officer", [visit]))["results"]
    assert submitted["outcome"] == "APPLIED", submitted


async def helped(world: World, home: str) -> None:
    """A measure was delivered, put where `deliverMeasure` would have put it."""
    await world.sql.execute(
        "INSERT INTO measure (id, household_id, region_code, kind, entitlement, state, planned_on, approved_on, started_on,"
        " delivered_on, recorded_at, recorded_by_id, provider_organisation_id)"
        " SELECT gen_random_uuid(), h.id, h.region_code, 'MEDICAL', 'FULL', 'DELIVERED', current_date, current_date,"
        " current_date, (now() AT TIME ZONE 'Asia/Shanghai')::date, now(), a.id, a.organisation_id"
        " FROM household h, account a WHERE h.id = $1 AND a.persona = 'department'",
        uuid.UUID(home),
    )


async def may_leave(world: World, *members: Any) -> tuple[str, str]:
    """A family that was under monitoring for half a year, and meets every condition."""
    home, case = await brought_to(world, "MONITORED", *members)
    await earns(world, home, WEALTHY)
    await days_pass(world, case, 190)
    await visited(world, home)
    await helped(world, home)
    return home, case


async def second_round_to(world: World, home: str, case: str, step: str) -> None:
    """The steps of a second round up to this one."""
    await done(world, "village_officer", "proposeElimination", caseId=case, reason="收入稳定,病已治愈")
    await compared(world, home, case)
    if step == "DEMOCRATIC_APPRAISAL":
        return
    await appraised(world, case)
    if step == "VILLAGE_NOTICE":
        return
    await noticed(world, case)
    if step == "TOWNSHIP_REVIEW":
        return
    await reviewed(world, case)
