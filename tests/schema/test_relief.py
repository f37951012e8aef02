"""Relief over HTTP: given before any case, once for a person, kind and term, reviewed by another, and summed to the cent."""

from __future__ import annotations

from typing import Any

from tests.helping import GIVE, REVIEW, day, new_id
from tests.schema.families_asked import act, codes, new_family, person
from tests.visiting import homes_of
from tests.world import World

LIST = """query ($f: ReliefFilter) { reliefs(filter: $f, first: 500) { totalCount nodes {
  id state amount term household { id } organisation { name } } } }"""
TOTALS = """query ($region: RegionCode!, $since: Date, $until: Date) { reliefTotals(region: $region, since: $since, until: $until) {
  source { code } region { code } times households people amount } }"""


def relief(home: str, **given: Any) -> dict[str, Any]:
    usual = {"kind": "TEMPORARY", "cause": "ILLNESS", "term": "2026-07", "source": "CIVIL_AFFAIRS"}
    return {"id": new_id(), "householdId": home, "amount": "1200.00", "givenOn": day(2), **usual, **given}


async def test_relief_comes_before_any_clue_and_any_case(world: World) -> None:
    home = await new_family(world, category="ORDINARY")
    done = await act(world, "township_officer", GIVE, **relief(home, amount="800.05", source="TOWNSHIP_FUND"))
    assert done["errors"] == []
    assert done["relief"] == {
        "id": done["relief"]["id"],
        "state": "GIVEN",
        "amount": "800.05",
        "term": "2026-07",
        "kind": {"code": "TEMPORARY"},
        "source": {"code": "TOWNSHIP_FUND"},
        "organisation": None,
        "household": {"id": home},
    }
    query = "query ($id: ID!) { household(id: $id) { clues { id } monitoringStatus reliefs { nodes { id } } } }"
    shown = (await world.ask("village_officer", query, {"id": home}))["household"]
    assert shown == {"clues": [], "monitoringStatus": "NEVER", "reliefs": {"nodes": [{"id": done["relief"]["id"]}]}}


async def test_never_twice_for_the_same_person_kind_and_term(world: World) -> None:
    head, wife = person("鄢大川"), person("林小妹", "SPOUSE", sex="FEMALE")
    home = await new_family(world, head, wife)
    assert (await act(world, "township_officer", GIVE, **relief(home, personId=head["id"])))["errors"] == []
    again = await act(world, "county_officer", GIVE, **relief(home, personId=head["id"], source="DONATION"))
    assert codes(again) == {("DUPLICATE_CLAIM", "input.term")}, "also from another source, also by another"
    for other in ({"personId": wife["id"]}, {"personId": head["id"], "term": "2026-08"}, {"kind": "MEDICAL"}, {}):
        assert (await act(world, "township_officer", GIVE, **relief(home, **other)))["errors"] == [], other
    assert codes(await act(world, "township_officer", GIVE, **relief(home))) == {("DUPLICATE_CLAIM", "input.term")}
    assert await world.sql.fetchval("SELECT count(*) FROM relief WHERE household_id = $1", home) == 5


async def test_somebody_keeps_what_they_got_in_another_family(world: World) -> None:
    """The constraint speaks where the family is another and the person is the same."""
    head, son = person("鄢大江"), person("鄢小江", "SON", bornOn="2001-01-01")
    home = await new_family(world, head, son)
    assert (await act(world, "township_officer", GIVE, **relief(home, personId=son["id"])))["errors"] == []
    other = await new_family(world)
    await world.sql.execute("UPDATE person SET household_id = $2, is_head = false WHERE id = $1", son["id"], other)
    await world.sql.execute("UPDATE membership SET household_id = $2 WHERE person_id = $1", son["id"], other)
    again = await act(world, "township_officer", GIVE, **relief(other, personId=son["id"]))
    assert {code for code, _ in codes(again)} == {"DUPLICATE_CLAIM"}


async def test_another_person_reviews_and_what_was_wrong_may_be_given_anew(world: World) -> None:
    home = await new_family(world)
    given = (await act(world, "township_officer", GIVE, **relief(home)))["relief"]["id"]
    own = await act(world, "township_officer", REVIEW, reliefId=given, isRight=True)
    assert codes(own) == {("REVIEWER_IS_GIVER", "input.reliefId")}
    for persona, code in (("village_officer", "FORBIDDEN_ROLE"), ("other_county_officer", "NOT_FOUND")):
        refused = await act(world, persona, REVIEW, reliefId=given, isRight=True)
        assert [one["code"] for one in refused["errors"]] == [code]
    silent = await act(world, "county_officer", REVIEW, reliefId=given, isRight=False)
    assert codes(silent) == {("REASON_NEEDED", "input.note")}
    done = await act(world, "county_officer", REVIEW, reliefId=given, isRight=False, note="重复录入")
    assert done["relief"]["state"] == "REVOKED"
    late = await act(world, "province_officer", REVIEW, reliefId=given, isRight=True)
    assert codes(late) == {("RELIEF_ALREADY_REVIEWED", "input.reliefId")}
    anew = await act(world, "township_officer", GIVE, **relief(home))
    assert anew["errors"] == []
    right = await act(world, "county_officer", REVIEW, reliefId=anew["relief"]["id"], isRight=True)
    assert right["relief"]["state"] == "REVIEWED"


async def test_who_gives_and_who_does_not(world: World) -> None:
    home = await new_family(world)
    for persona in ("village_officer", "partner", "integrator", "hotline_operator", "auditor", "other_county_officer"):
        done = await act(world, persona, GIVE, **relief(home))
        assert {code for code, _ in codes(done)} <= {"FORBIDDEN_ROLE", "NOT_FOUND"}, persona
        assert done["relief"] is None
    assert await world.sql.fetchval("SELECT count(*) FROM relief WHERE household_id = $1", home) == 0


async def test_a_departments_officer_gives_in_its_name_and_sees_no_amount(world: World) -> None:
    homes = await homes_of(world, "department")
    if not homes:
        home = await new_family(world)
        await world.sql.execute(
            "INSERT INTO pairing (id, role, region_code, organisation_id, household_id, started_on, created_at)"
            " SELECT gen_random_uuid(), 'KEY_HELP', h.region_code, a.organisation_id, h.id, '2020-01-01', now()"
            " FROM household h, account a WHERE h.id = $1 AND a.persona = 'department'",
            home,
        )
        await world.sql.execute(
            "INSERT INTO household_access (pairing_id, party_id, household_id, region_code)"
            " SELECT p.id, p.organisation_id, p.household_id, p.region_code FROM pairing p WHERE household_id = $1",
            home,
        )
        homes = [home]
    other = await world.sql.fetchval("SELECT id FROM organisation WHERE name = '永泰县民政局'")
    given = relief(homes[0], term="2026", source="MEDICAL_INSURANCE", organisationId=str(other))
    done = await act(world, "department", GIVE, **given)
    assert done["errors"] == []
    assert done["relief"]["organisation"] == {"name": "永泰县医疗保障局"}
    assert done["relief"]["amount"] is None, "the matrix: amounts are for those who meet the family"
    await world.sql.execute("DELETE FROM household_access WHERE household_id = $1", homes[0])
    mine = (await world.ask("department", LIST, {"f": {}}))["reliefs"]
    assert [one["household"] for one in mine["nodes"] if one["id"] == given["id"]] == [None], (
        "theirs, of nobody they see"
    )
    unseen = await act(world, "department", GIVE, **relief(homes[0], term="2025"))
    assert codes(unseen) == {("NOT_FOUND", "input.householdId")}


async def test_everything_that_is_wrong_with_relief_is_said_at_once(world: World) -> None:
    home = await new_family(world)
    wrong = relief(
        home,
        kind="GIFT",
        cause="WEATHER",
        source="LOTTERY",
        term="2026-13",
        amount="0.00",
        givenOn=day(-1),
        personId=new_id(),
        organisationId=new_id(),
        clueId=new_id(),
        note="长" * 201,
    )
    assert codes(await act(world, "township_officer", GIVE, **wrong)) == {
        *(("UNKNOWN_CODE", f"input.{name}") for name in ("kind", "cause", "source")),
        ("TERM_INVALID", "input.term"),
        ("AMOUNT_INVALID", "input.amount"),
        ("DATE_IN_FUTURE", "input.givenOn"),
        ("PERSON_NOT_OF_HOUSEHOLD", "input.personId"),
        ("NOT_FOUND", "input.organisationId"),
        ("NOT_FOUND", "input.clueId"),
        ("TOO_LONG", "input.note"),
    }


async def test_totals_are_sums_of_fen_and_count_families_once(world: World) -> None:
    before = (await totals(world, "county_officer", "350125201205", since=day(1)))["all"]
    assert before["times"] == 0
    one, two = await new_family(world), await new_family(world)
    for home, source, amount in (
        (one, "CIVIL_AFFAIRS", "0.01"),
        (one, "DONATION", "33.33"),
        (two, "DONATION", "100000.10"),
    ):
        given = relief(home, source=source, amount=amount, kind=f"{'LIVING' if source == 'DONATION' else 'MEDICAL'}")
        assert (await act(world, "township_officer", GIVE, **{**given, "givenOn": day(1)}))["errors"] == []
    found = await totals(world, "county_officer", "350125201205", since=day(1))
    assert found["all"] == {"times": 3, "households": 2, "people": 0, "amount": "100033.44"}
    assert found["DONATION"] == {"times": 2, "households": 2, "people": 0, "amount": "100033.43"}
    assert found["CIVIL_AFFAIRS"] == {"times": 1, "households": 1, "people": 0, "amount": "0.01"}
    county = await totals(world, "county_officer", "350125", since=day(1))
    assert county["350125201"] == found["all"], "by division one level below"
    assert (await totals(world, "other_county_officer", "350125"))["all"]["times"] == 0
    wrong = (await world.sql.fetchrow("SELECT id FROM relief WHERE household_id = $1 LIMIT 1", two))["id"]
    assert (await act(world, "county_officer", REVIEW, reliefId=str(wrong), isRight=False, note="查无此事"))[
        "errors"
    ] == []
    assert (await totals(world, "county_officer", "350125201205", since=day(1)))["all"]["amount"] == "33.34"


async def test_who_does_not_meet_a_family_gets_counts_and_no_sum(world: World) -> None:
    seen = await totals(world, "integrator", "350125")
    assert seen["all"]["times"] > 0
    assert seen["all"]["amount"] is None


async def totals(world: World, persona: str, region: str, **asked: Any) -> dict[str, Any]:
    """By source, by division, and all of it under "all"; of nothing at all a line of noughts."""
    rows = (await world.ask(persona, TOTALS, {"region": region, **asked}))["reliefTotals"]
    found = {}
    for row in rows:
        key = (row.pop("source") or {}).get("code"), (row.pop("region") or {}).get("code")
        found[key[0] or key[1] or "all"] = row
    assert rows[0] == found["all"], "all of it comes first"
    return found
