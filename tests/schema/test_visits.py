"""Visits through the API: what is read back, by whom, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.visiting import SUBMIT, a_visit, ago, amend, homes_of, new_id, now, submit
from tests.world import World

READ = """query($id: ID!, $datum: Datum! = WGS84) { visit(id: $id) {
  id household { id } region { name } recordedBy { name } helper { name } companions { name }
  purpose { code label } contact occurredAt capturedAt receivedAt lateBySeconds
  location(datum: $datum) { longitude latitude datum accuracyMetres isBlurred }
  sentLocation { longitude latitude datum } distanceToDwellingMetres isWithinFence
  credibility { code message detail } form { code version title } answers isComplete
  findings { kind { label } note } photos { sha256 location { datum } } note supersedes { id } } }"""


async def test_a_visit_is_read_back_with_all_that_hangs_on_it(world: World) -> None:
    home = (await homes_of(world, "cadre"))[0]
    [companion] = await world.sql.fetch("SELECT helper_id, name FROM account WHERE persona = 'other_cadre'")
    sent = await a_visit(
        world,
        home,
        companionIds=[str(companion["helper_id"])],
        findings=[{"id": new_id(), "kind": "UNINSURED", "note": "儿媳未参保"}],
        photos=[
            {"id": new_id(), "sha256": "d1" * 32, "byteSize": 77, "mediaType": "image/jpeg", "takenAt": ago(hours=1)}
        ],
        location={"longitude": 118.8, "latitude": 25.8, "datum": "GCJ02", "isMocked": True},
        note="院里晒着笋干",
    )
    await submit(world, "cadre", [sent])

    visit = (await world.ask("cadre", READ, {"id": sent["id"]}))["visit"]

    assert (visit["household"]["id"], visit["contact"], visit["note"]) == (home, "IN_PERSON", "院里晒着笋干")
    assert visit["purpose"] == {"code": "MONTHLY", "label": "每月入户走访"}
    assert [helper["name"] for helper in visit["companions"]] == [companion["name"]]
    assert visit["findings"] == [{"kind": {"label": "未参加医保"}, "note": "儿媳未参保"}]
    assert visit["photos"] == [{"sha256": "d1" * 32, "location": None}]
    assert visit["sentLocation"] == {"longitude": 118.8, "latitude": 25.8, "datum": "GCJ02"}
    assert visit["form"] == {"code": "RU_HU", "version": 1, "title": "入户走访"}
    assert visit["answers"] == sent["answers"]
    assert not visit["isComplete"]
    assert 3590 <= visit["lateBySeconds"] <= 3700
    assert visit["supersedes"] is None


async def test_a_location_comes_out_in_the_datum_asked_for(world: World) -> None:
    sent = await a_visit(
        world,
        (await homes_of(world, "cadre"))[0],
        location={"longitude": 118.8, "latitude": 25.8, "datum": "BD09", "accuracyMetres": 9.5},
    )
    await submit(world, "cadre", [sent])

    points = {}
    for datum in ("WGS84", "CGCS2000", "GCJ02", "BD09"):
        visit = (await world.ask("cadre", READ, {"id": sent["id"], "datum": datum}))["visit"]
        points[datum] = visit["location"]

    assert points["BD09"] == pytest.approx(
        {"longitude": 118.8, "latitude": 25.8, "datum": "BD09", "accuracyMetres": 9.5, "isBlurred": False}, abs=1e-8
    ) or (points["BD09"]["longitude"], points["BD09"]["latitude"]) == pytest.approx((118.8, 25.8), abs=1e-8)
    assert points["CGCS2000"]["longitude"] == points["WGS84"]["longitude"]
    assert len({point["longitude"] for point in points.values()}) == 3
    assert {point["datum"] for point in points.values()} == set(points)


@pytest.mark.parametrize(
    ("language", "message"),
    [("zh-CN", "手机报告为模拟定位。"), ("en", "The phone says that the location is simulated.")],
)
async def test_what_is_odd_is_explained_in_the_readers_language(world: World, language: str, message: str) -> None:
    place = {"longitude": 118.9, "latitude": 25.9, "datum": "WGS84", "isMocked": True}
    sent = await a_visit(world, (await homes_of(world, "cadre"))[1], location=place)
    await submit(world, "cadre", [sent])

    visit = (await world.ask("cadre", READ, {"id": sent["id"]}, language))["visit"]

    notes = {note["code"]: note for note in visit["credibility"]}
    assert notes["MOCK_LOCATION"]["message"] == message
    assert notes["TOO_FAR"]["detail"]["fenceMetres"] == 200
    assert str(notes["TOO_FAR"]["detail"]["distanceMetres"]) in notes["TOO_FAR"]["message"]


async def test_officers_above_see_a_visit_and_nobody_beside_does(world: World) -> None:
    own = sorted(set(await homes_of(world, "cadre")) - set(await homes_of(world, "other_cadre")))
    shared_with_partner = set(await homes_of(world, "partner"))
    home = next(home for home in own if home not in shared_with_partner)
    sent = await a_visit(world, home)
    await submit(world, "cadre", [sent])

    for persona in ("cadre", "township_officer", "county_officer", "province_officer"):
        assert (await world.ask(persona, READ, {"id": sent["id"]}))["visit"]["id"] == sent["id"], persona
    for persona in ("other_cadre", "other_county_officer", "partner", "other_partner", "auditor", "administrator"):
        assert (await world.ask(persona, READ, {"id": sent["id"]}))["visit"] is None, persona
    assert (await world.ask("anonymous", "query($id: ID!) { visit(id: $id) { id } }", {"id": sent["id"]}))[
        "visit"
    ] is None


async def test_a_partner_sees_that_there_was_a_visit_and_not_what_was_said(world: World) -> None:
    home = (await homes_of(world, "partner"))[0]
    sent = await a_visit(
        world, home, note="儿子在狱中", location={"longitude": 118.812345, "latitude": 25.812345, "datum": "WGS84"}
    )
    await submit(world, "township_officer", [sent])

    visit = (await world.ask("partner", READ, {"id": sent["id"]}))["visit"]

    assert (visit["note"], visit["answers"], visit["sentLocation"]) == (None, {}, None)
    assert (visit["location"]["longitude"], visit["location"]["latitude"]) == pytest.approx((118.81, 25.81))
    assert visit["location"]["isBlurred"]


async def test_visits_are_found_by_what_officers_ask_for(world: World) -> None:
    home = (await homes_of(world, "cadre"))[0]
    early, late = (
        await a_visit(world, home, occurredAt=ago(days=400), purpose="LOOK_BACK"),
        await a_visit(world, home, contact="REMOTE", purpose="LOOK_BACK"),
    )
    await submit(world, "cadre", [early, late])
    me = (await world.ask("cadre", "{ viewer { id } }"))["viewer"]
    query = "query($f: VisitFilter) { visits(filter: $f, first: 100) { totalCount nodes { id } } }"

    async def found(**asked: Any) -> set[str]:
        data = await world.ask(
            "township_officer", query, {"f": {"householdId": home, "purposes": ["LOOK_BACK"]} | asked}
        )
        assert data["visits"]["totalCount"] == len(data["visits"]["nodes"])
        return {node["id"] for node in data["visits"]["nodes"]} & {early["id"], late["id"]}

    assert await found() == {early["id"], late["id"]}
    assert await found(occurredSince=ago(days=1)) == {late["id"]}
    assert await found(occurredBefore=ago(days=1)) == {early["id"]}
    assert await found(contacts=["REMOTE", "NOBODY_HOME"]) == {late["id"]}
    assert await found(region="350125") == {early["id"], late["id"]}
    assert await found(region="341503") == set()
    assert await found(recordedById=me["id"]) == {early["id"], late["id"]}
    assert await found(recordedById=new_id()) == set()
    assert await found(isComplete=True) == set()
    assert await found(isInForce=False) == set()


async def test_the_latest_visit_comes_first(world: World) -> None:
    query = "{ visits(first: 50) { nodes { occurredAt } } }"

    nodes = (await world.ask("county_officer", query))["visits"]["nodes"]

    assert len(nodes) > 10
    assert [node["occurredAt"] for node in nodes] == sorted((node["occurredAt"] for node in nodes), reverse=True)


PLACE = {"longitude": 118.9, "latitude": 25.9, "datum": "WGS84"}
VALUE_FAULTS: list[tuple[dict[str, Any], str, list[str], str]] = [
    (
        {"location": PLACE | {"latitude": 91.0}},
        "COORDINATES_OUT_OF_RANGE",
        ["location", "latitude"],
        "The coordinates are out of range.",
    ),
    (
        {"location": PLACE | {"datum": "undeclared"}},
        "DATUM_UNKNOWN",
        ["location", "datum"],
        "The datum must be WGS84, CGCS2000, GCJ02 or BD09.",
    ),
    ({"formVersion": 99}, "FORM_VERSION_UNKNOWN", ["formVersion"], "The form has no version 99."),
    ({"purpose": "CHAT"}, "UNKNOWN_CODE", ["purpose"], "visit_purpose has no code CHAT."),
    (
        {"occurredAt": "2099-01-01T00:00:00+08:00"},
        "DATE_IN_FUTURE",
        ["occurredAt"],
        "This lies in the future. Check the day, or the phone's clock.",
    ),
    (
        {"answers": {"adultsMet": 1, "needsDetail": "说" * 700_000}},
        "ANSWER_TOO_LARGE",
        ["answers"],
        "The answers may have 262144 bytes at most.",
    ),
]


@pytest.mark.parametrize(("change", "code", "path", "words"), VALUE_FAULTS, ids=[fault[1] for fault in VALUE_FAULTS])
async def test_a_bad_value_refuses_its_item_in_the_clients_words(
    world: World, change: dict[str, Any], code: str, path: list[str], words: str
) -> None:
    home = (await homes_of(world, "cadre"))[0]
    said = {}
    for language in ("zh-CN", "en"):
        good, bad = await a_visit(world, home), await a_visit(world, home) | change

        payload = await submit(world, "cadre", [good, bad], language)

        assert [result["outcome"] for result in payload["results"]] == ["APPLIED", "REJECTED"]
        [error] = payload["results"][1]["errors"]
        said[language] = error.pop("message")
        assert error == {"code": code, "path": ["input", "visits", "1", *path], "isRetryable": False}
    assert said["en"] == words
    assert any("一" <= character <= "鿿" for character in said["zh-CN"])


@pytest.mark.parametrize("household", ["unknown", "foreign"])
async def test_a_family_that_is_not_here_defers_the_visit(world: World, household: str) -> None:
    foreign = str(await world.sql.fetchval("SELECT id FROM household WHERE region_code LIKE '3415%' LIMIT 1"))
    sent = await a_visit(world, foreign if household == "foreign" else new_id())

    [result] = (await submit(world, "cadre", [sent], "en"))["results"]

    assert (result["outcome"], result["visit"]) == ("DEFERRED", None)
    assert result["errors"] == [
        {
            "code": "HOUSEHOLD_NOT_HERE_YET",
            "message": "This household is not here yet. The visit is kept and judged again when it comes.",
            "path": ["input", "visits", "0", "householdId"],
            "isRetryable": True,
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"formVersion": "one"},
        {"answers": None},
        {"weather": "fine"},
        {"purpose": ["MONTHLY"]},
        {"location": {"longitude": "118", "latitude": 25.0, "datum": "WGS84"}},
        {"location": {"longitude": 118.0, "latitude": 25.0}},
        {"companionIds": [None]},
    ],
    ids=["wrong kind", "null", "unknown field", "list for text", "text for number", "no datum", "null in list"],
)
async def test_a_fault_of_structure_refuses_the_request_before_anything_is_stored(
    world: World, change: dict[str, Any]
) -> None:
    home = (await homes_of(world, "cadre"))[0]
    good, bad = await a_visit(world, home), await a_visit(world, home) | change
    variables = {"input": {"visits": [good, bad], "sentAt": now().isoformat()}}

    body = await world.post("cadre", SUBMIT, variables)

    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert not await world.sql.fetchval("SELECT count(*) FROM submission WHERE id::text = $1", good["id"])


async def test_five_hundred_visits_are_taken_and_one_more_is_not(world: World) -> None:
    home = (await homes_of(world, "cadre"))[0]
    one = await a_visit(world, home)
    batch = [one | {"id": new_id()} for _ in range(501)]

    refused = await submit(world, "cadre", batch, "en")
    taken = await submit(world, "cadre", batch[:500])

    assert refused["results"] == []
    assert refused["errors"] == [
        {
            "code": "BATCH_TOO_LARGE",
            "message": "Send 500 at most at a time.",
            "path": ["input", "visits"],
            "isRetryable": False,
        }
    ]
    assert {result["outcome"] for result in taken["results"]} == {"APPLIED"}


@pytest.mark.parametrize(("persona", "code"), [("anonymous", "SIGN_IN_REQUIRED"), ("auditor", "FORBIDDEN_ROLE")])
async def test_who_calls_at_no_door_submits_nothing(world: World, persona: str, code: str) -> None:
    sent = await a_visit(world, (await homes_of(world, "cadre"))[0])

    payload = await submit(world, persona, [sent])

    assert payload["results"] == []
    assert [error["code"] for error in payload["errors"]] == [code]


SUBMISSIONS = """query($outcomes: [SubmissionOutcome!]) { submissions(filter: {outcomes: $outcomes}, first: 500) { nodes {
  id kind outcome content receivedAt judgedAt errors { code message path } visit { id } } } }"""


async def test_what_was_refused_is_found_again_by_its_sender_and_nobody_else(world: World) -> None:
    sent = await a_visit(world, (await homes_of(world, "cadre"))[0], purpose="CHAT", note="屋顶漏雨")
    await submit(world, "cadre", [sent])

    async def kept(persona: str) -> list[dict[str, Any]]:
        data = await world.ask(persona, SUBMISSIONS, {"outcomes": ["REJECTED", "DEFERRED"]}, "en")
        return [node for node in data["submissions"]["nodes"] if node["id"] == sent["id"]]

    [mine] = await kept("cadre")
    assert (mine["kind"], mine["outcome"], mine["visit"]) == ("VISIT", "REJECTED", None)
    assert mine["content"]["note"] == "屋顶漏雨"
    assert mine["errors"] == [
        {"code": "UNKNOWN_CODE", "message": "visit_purpose has no code CHAT.", "path": ["input", "purpose"]}
    ]
    for persona in ("other_cadre", "county_officer", "anonymous"):
        assert await kept(persona) == [], persona


async def test_amend_visit_answers_the_new_visit_and_points_at_the_old_one(world: World) -> None:
    home = (await homes_of(world, "cadre"))[0]
    old = await a_visit(world, home, note="第一稿")
    await submit(world, "cadre", [old])

    payload = await amend(
        world, "township_officer", old["id"], new := await a_visit(world, home, note="更正"), "核对后更正"
    )

    assert payload["errors"] == []
    visit = payload["visit"]
    assert (visit["id"], visit["note"], visit["amendReason"]) == (new["id"], "更正", "核对后更正")
    assert visit["supersedes"] == {"id": old["id"], "note": "第一稿", "supersededBy": {"id": new["id"]}}
    again = await amend(world, "cadre", old["id"], await a_visit(world, home))
    assert [(error["code"], error["path"]) for error in again["errors"]] == [
        ("ALREADY_SUPERSEDED", ["input", "visitId"])
    ]


async def test_what_is_wrong_with_a_correction_is_data(world: World) -> None:
    home = (await homes_of(world, "cadre"))[0]
    old = await a_visit(world, home)
    await submit(world, "cadre", [old])

    payload = await amend(world, "cadre", old["id"], await a_visit(world, home, contact="SHOUTED"))
    unseen = await amend(world, "other_county_officer", old["id"], await a_visit(world, home))

    assert payload["visit"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("CONTACT_UNKNOWN", ["input", "visit", "contact"])
    ]
    assert [error["code"] for error in unseen["errors"]] == ["NOT_FOUND"]


async def test_forms_are_sent_to_phones_when_they_changed(world: World) -> None:
    query = "query($since: String) { surveyForms(changedSince: $since) { code title changed questions } }"
    [form] = (await world.ask("cadre", query, {"since": None}, "en"))["surveyForms"]

    assert (form["code"], form["title"]) == ("RU_HU", "Home visit")
    assert form["questions"][0]["key"] == "adultsMet"
    assert (await world.ask("cadre", query, {"since": form["changed"]}))["surveyForms"] == []
