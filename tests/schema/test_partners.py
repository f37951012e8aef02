"""Partners over HTTP: links and what was delivered, campaigns and activities, agreements, contacts, changes by cursor."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from tests.schema.pairings_asked import TODAY, VILLAGE, account
from tests.world import World

LINKS = """query($f: BenefitLinkFilter) { benefitLinks(filter: $f, first: 100) { totalCount nodes {
  id kind { code } promised periodMonths periodsOver due delivered household { id } organisation { id }
  deliveries { period amount evidence correctsId } } } }"""
SUMMARY = """query($r: RegionCode!, $o: ID) { benefitSummary(region: $r, organisationId: $o) {
  totals { organisations households links } kinds { kind { code } links organisations households due delivered behind } } }"""
AGREE = """mutation($input: AgreeBenefitLinkInput!) { agreeBenefitLink(input: $input) {
  link { id kind { code } promised due delivered } errors { code path } } }"""
DELIVER = """mutation($input: RecordBenefitDeliveryInput!) { recordBenefitDelivery(input: $input) {
  link { delivered deliveries { amount } } errors { code path } } }"""
END = """mutation($input: EndBenefitLinkInput!) { endBenefitLink(input: $input) {
  link { endedOn endReason { code } } errors { code path } } }"""
REPORT = """mutation($input: ReportActivityInput!) { reportActivity(input: $input) {
  activity { id area { code } text amount peopleReached organisation { name } village { code } photos } errors { code path } } }"""
OPEN = """mutation($input: OpenCampaignInput!) { openCampaign(input: $input) {
  campaign { id targetVillages reached { organisations villages pairings } } errors { code path } } }"""
FILE = """mutation($input: FileAgreementInput!) { fileAgreement(input: $input) {
  agreement { title endsOn pairing { id } } errors { code path } } }"""
NAME = """mutation($input: NameContactsInput!) { nameContacts(input: $input) {
  pairing { contact { name } contactPhone responsible { name } responsiblePhone } errors { code path } } }"""
CHANGES = """query($after: String) { pairingChanges(first: 100, after: $after) {
  nodes { op pairingId pairing { id endedOn household { id } } } pageInfo { hasNextPage endCursor } } }"""


async def does(world: World, persona: str, mutation: str, **input: Any) -> tuple[Any, list[str]]:
    """What came of a mutation, and the codes of what was wrong."""
    ((_, payload),) = (await world.ask(persona, mutation, {"input": input})).items()
    (made,) = [value for key, value in payload.items() if key != "errors"]
    return made, [error["code"] for error in payload["errors"]]


async def pairing_of(world: World, persona: str, role: str) -> str:
    return str(
        await world.sql.fetchval(
            "SELECT p.id FROM pairing p JOIN account a USING (organisation_id) WHERE a.persona = $1 AND p.role = $2"
            " AND p.ended_on IS NULL ORDER BY p.id LIMIT 1",
            persona,
            role,
        )
    )


# --- benefit links -----------------------------------------------------------------------------------------------------


async def test_an_enterprise_sees_its_links_and_what_is_due(world: World) -> None:
    organisation = await account(world, "other_partner", "organisation_id")
    rows = await world.sql.fetch("SELECT id FROM benefit_link WHERE organisation_id = $1::uuid", organisation)
    found = (await world.ask("other_partner", LINKS, {"f": None}))["benefitLinks"]
    assert {one["id"] for one in found["nodes"]} == {str(row["id"]) for row in rows}
    assert found["totalCount"] == len(rows) > 0
    orders = [one for one in found["nodes"] if one["kind"]["code"] == "ORDERS"]
    assert {(one["promised"], one["periodsOver"], one["due"]) for one in orders} == {("450.00", 4, "1800.00")}
    for one in found["nodes"]:
        assert Decimal(one["delivered"]) == sum(Decimal(each["amount"]) for each in one["deliveries"])
    assert (await world.ask("partner", LINKS, {"f": None}))["benefitLinks"]["nodes"] == [], "another's families' income"


async def test_promised_against_delivered_is_summed_exactly(world: World) -> None:
    rows = await world.sql.fetch(
        "SELECT l.kind, count(*) AS links, count(DISTINCT household_id) AS households,"
        " sum((SELECT sum(amount_fen) FROM benefit_delivery d WHERE d.link_id = l.id)) AS fen"
        " FROM benefit_link l WHERE region_code LIKE '341503%' GROUP BY 1"
    )
    found = (await world.ask("other_county_officer", SUMMARY, {"r": "341503"}))["benefitSummary"]
    assert {
        one["kind"]["code"]: (one["links"], one["households"], Decimal(one["delivered"])) for one in found["kinds"]
    } == {row["kind"]: (row["links"], row["households"], Decimal(row["fen"] or 0) / 100) for row in rows}
    assert found["totals"] == {"organisations": 1, "households": 12, "links": 12}, "one of thirteen has run out"
    behind = {one["kind"]["code"]: (one["behind"], one["links"]) for one in found["kinds"]}
    assert 0 < behind["ORDERS"][0] <= behind["ORDERS"][1]
    assert (await world.ask("county_officer", SUMMARY, {"r": "341503"}))["benefitSummary"]["kinds"] == []


async def test_a_promise_is_made_kept_corrected_and_ended(world: World) -> None:
    pairing = await pairing_of(world, "other_partner", "BENEFIT_LINK")
    link_id = str(uuid.uuid4())
    asked = {"id": link_id, "pairingId": pairing, "kind": "EMPLOYMENT", "startedOn": str(TODAY - timedelta(days=200))}
    made, errors = await does(world, "other_county_officer", AGREE, **asked, promised="3000.00", periodMonths=3)
    assert (errors, made["promised"], made["due"], made["delivered"]) == ([], "3000.00", "6000.00", "0.00")

    day = TODAY - timedelta(days=20)
    paid = {"linkId": link_id, "period": f"{day:%Y-%m}", "deliveredOn": str(day), "evidence": "工资表 2026-11"}
    first = str(uuid.uuid4())
    made, errors = await does(world, "other_partner", DELIVER, id=first, amount="3120.50", **paid)
    assert (errors, made["delivered"]) == ([], "3120.50")
    correction = {"amount": "-120.50", "correctsId": first}
    made, errors = await does(world, "other_partner", DELIVER, id=str(uuid.uuid4()), **paid | correction)
    assert (errors, made["delivered"], [one["amount"] for one in made["deliveries"]].count("-120.50")) == (
        [],
        "3000.00",
        1,
    )
    for wrong, code in (
        ({"amount": "-1.00"}, "AMOUNT_INVALID"),
        ({"amount": "12,5"}, "AMOUNT_INVALID"),
        ({"amount": "1.00", "period": "2099"}, "PERIOD_INVALID"),
        ({"amount": "1.00", "evidence": " "}, "REQUIRED"),
        ({"amount": "1.00", "correctsId": str(uuid.uuid4())}, "NOT_FOUND"),
    ):
        assert (await does(world, "other_partner", DELIVER, id=str(uuid.uuid4()), **paid | wrong))[1] == [code]
    assert (await does(world, "partner", DELIVER, id=str(uuid.uuid4()), **paid, amount="1.00"))[1] == ["NOT_FOUND"]
    assert (await does(world, "auditor", DELIVER, id=str(uuid.uuid4()), **paid, amount="1.00"))[1] == ["FORBIDDEN_ROLE"]

    ending = {"linkId": link_id, "endedOn": str(TODAY), "reason": "TERM_COMPLETED"}
    assert (await does(world, "other_partner", END, operationId=str(uuid.uuid4()), **ending))[1] == ["FORBIDDEN_ROLE"]
    made, errors = await does(world, "other_county_officer", END, operationId=str(uuid.uuid4()), **ending)
    assert (errors, made["endedOn"], made["endReason"]) == ([], str(TODAY), {"code": "TERM_COMPLETED"})
    again = await does(world, "other_county_officer", END, operationId=str(uuid.uuid4()), **ending)
    assert again[1] == ["ALREADY_ENDED"]


async def test_what_is_no_link_is_told(world: World) -> None:
    right = {
        "pairingId": await pairing_of(world, "other_partner", "BENEFIT_LINK"),
        "kind": "ORDERS",
        "startedOn": str(TODAY),
    }
    for persona, wrong, codes in (
        ("other_county_officer", {"kind": "LONG_TERM"}, ["UNKNOWN_CODE"]),
        ("other_county_officer", {"promised": "many"}, ["AMOUNT_INVALID"]),
        ("other_county_officer", {"periodMonths": 13}, ["OUT_OF_RANGE"]),
        ("other_county_officer", {"startedOn": "2099-01-01"}, ["DATE_IN_FUTURE"]),
        ("other_county_officer", {"pairingId": str(uuid.uuid4())}, ["NOT_FOUND"]),
        ("county_officer", {}, ["NOT_FOUND"]),
        ("other_partner", {}, ["FORBIDDEN_ROLE"]),
    ):
        assert (await does(world, persona, AGREE, id=str(uuid.uuid4()), **right | wrong))[1] == codes, wrong
    of_village = await pairing_of(world, "partner", "SUNSHINE_HAND")
    asked = right | {"pairingId": of_village}
    assert (await does(world, "county_officer", AGREE, id=str(uuid.uuid4()), **asked))[1] == ["LINK_NEEDS_PAIRING"]


# --- campaigns ---------------------------------------------------------------------------------------------------------

THE_CAMPAIGN = """{ campaigns { nodes { id name targetOrganisations targetVillages role { code } modes { code } areas { code }
  reached { organisations villages pairings } byMode { mode { code } villages } divisions { region { code } villages }
  byArea { area { code } activities villages amount people } activities { totalCount nodes { id happenedOn } } } } }"""


async def test_a_campaign_counts_what_its_viewer_sees(world: World) -> None:
    (found,) = (await world.ask("province_officer", THE_CAMPAIGN))["campaigns"]["nodes"]
    assert (found["targetOrganisations"], found["targetVillages"]) == (1000, 1000)
    assert found["reached"] == {"organisations": 1, "villages": 1, "pairings": 1}
    assert found["byMode"] == [{"mode": {"code": "LONG_TERM"}, "villages": 1}]
    assert found["divisions"] == [{"region": {"code": "3501"}, "villages": 1}]
    assert {one["area"]["code"]: (one["activities"], one["amount"]) for one in found["byArea"]} == {
        "INDUSTRY": (1, "18600.00"),
        "INFRASTRUCTURE": (1, "24000.00"),
        "LEADER_TRAINING": (1, "8200.00"),
        "MARKETING": (1, "34750.00"),
    }
    assert found["activities"]["totalCount"] == 4
    (partners,) = (await world.ask("partner", THE_CAMPAIGN))["campaigns"]["nodes"]
    assert partners == found
    (others,) = (await world.ask("other_partner", THE_CAMPAIGN))["campaigns"]["nodes"]
    assert (others["reached"]["villages"], others["activities"]["totalCount"]) == (0, 0)
    assert (await world.ask("anonymous", THE_CAMPAIGN))["campaigns"]["nodes"] == []


async def test_an_organisation_reports_what_it_did(world: World) -> None:
    campaign = str(await world.sql.fetchval("SELECT id FROM campaign"))
    pairing = await pairing_of(world, "partner", "SUNSHINE_HAND")
    right = {
        "campaignId": campaign,
        "pairingId": pairing,
        "area": "MARKETING",
        "happenedOn": str(TODAY),
        "text": "直播带货专场",
        "amount": "12500.40",
        "peopleReached": 61,
        "photos": [{"sha256": "ab" * 32, "byteSize": 200_000, "mediaType": "image/jpeg"}],
    }
    made, errors = await does(world, "partner", REPORT, id=str(uuid.uuid4()), **right)
    assert errors == []
    assert (made["amount"], made["peopleReached"], made["village"]) == ("12500.40", 61, {"code": VILLAGE})
    assert made["photos"] == [{"sha256": "ab" * 32, "byteSize": 200_000, "mediaType": "image/jpeg"}]
    for persona, wrong, codes in (
        ("partner", {"area": "MINING"}, ["UNKNOWN_CODE"]),
        ("partner", {"happenedOn": "2010-01-01"}, ["NOT_IN_CAMPAIGN"]),
        ("partner", {"text": ""}, ["REQUIRED"]),
        ("partner", {"amount": "-1"}, ["AMOUNT_INVALID"]),
        ("partner", {"peopleReached": -1}, ["OUT_OF_RANGE"]),
        ("partner", {"campaignId": str(uuid.uuid4())}, ["NOT_FOUND"]),
        ("other_partner", {}, ["NOT_FOUND"]),
        ("other_county_officer", {}, ["NOT_FOUND"]),
        ("cadre", {}, ["FORBIDDEN_ROLE"]),
    ):
        assert (await does(world, persona, REPORT, id=str(uuid.uuid4()), **right | wrong))[1] == codes, (persona, wrong)
    assert (await does(world, "township_officer", REPORT, id=str(uuid.uuid4()), **right))[1] == []


async def test_a_campaign_is_opened_once_for_a_time(world: World) -> None:
    right = {
        "name": "同心牵手",
        "role": "SUNSHINE_HAND",
        "region": "350125",
        "fromOn": "2019-01-01",
        "targetOrganisations": 5,
        "targetVillages": 6,
        "modes": ["LONG_TERM"],
        "areas": ["INDUSTRY"],
        "document": "永泰县方案",
    }
    made, errors = await does(world, "county_officer", OPEN, id=str(uuid.uuid4()), **right)
    assert (errors, made["reached"]["villages"]) == ([], 1)
    for persona, wrong, codes in (
        ("county_officer", {"fromOn": "2020-01-01"}, ["CAMPAIGN_OVERLAP"]),
        ("county_officer", {"role": "X", "modes": ["Y"], "areas": ["Z"]}, ["UNKNOWN_CODE"] * 3),
        ("county_officer", {"targetVillages": 0, "name": ""}, ["REQUIRED", "OUT_OF_RANGE"]),
        ("county_officer", {"untilOn": "2018-01-01"}, ["END_BEFORE_START"]),
        ("county_officer", {"region": "341503"}, ["NOT_FOUND"]),
        ("township_officer", {}, ["FORBIDDEN_ROLE"]),
        ("partner", {}, ["FORBIDDEN_ROLE"]),
    ):
        assert (await does(world, persona, OPEN, id=str(uuid.uuid4()), **right | wrong))[1] == codes, wrong


# --- agreements, contacts, changes -------------------------------------------------------------------------------------


async def test_agreements_that_are_about_to_end_come_first(world: World) -> None:
    pairing = await pairing_of(world, "partner", "SUNSHINE_HAND")
    right = {
        "pairingId": pairing,
        "title": "补充协议",
        "signedOn": "2026-01-01",
        "endsOn": str(TODAY + timedelta(days=9)),
    }
    made, errors = await does(world, "partner", FILE, id=str(uuid.uuid4()), **right)
    assert (errors, made["pairing"], made["endsOn"]) == ([], {"id": pairing}, right["endsOn"])
    query = "query($d: Date) { agreements(filter: {endsBefore: $d}) { nodes { title endsOn } } }"
    soon = (await world.ask("partner", query, {"d": str(TODAY + timedelta(days=60))}))["agreements"]["nodes"]
    assert [one["title"] for one in soon] == ["补充协议", "社会组织与老区村牵手共建协议"]
    assert (await world.ask("other_partner", query, {"d": "2099-01-01"}))["agreements"]["nodes"] == []
    for persona, wrong, codes in (
        ("partner", {"endsOn": "2025-12-31"}, ["END_BEFORE_START"]),
        ("partner", {"title": " "}, ["REQUIRED"]),
        ("partner", {"sha256": "ab"}, ["REQUIRED", "REQUIRED", "SHA256_INVALID"]),
        ("other_partner", {}, ["NOT_FOUND"]),
        ("cadre", {}, ["FORBIDDEN_ROLE"]),
        ("auditor", {}, ["FORBIDDEN_ROLE"]),
    ):
        assert (await does(world, persona, FILE, id=str(uuid.uuid4()), **right | wrong))[1] == codes, (persona, wrong)


async def test_a_partner_can_call_the_officer_who_answers_for_its_village(world: World) -> None:
    pairing = await pairing_of(world, "partner", "SUNSHINE_HAND")
    asked = "query($id: ID!) { pairing(id: $id) { responsible { name phone } responsiblePhone contact { name } } }"
    found = (await world.ask("partner", asked, {"id": pairing}))["pairing"]
    assert found["responsible"]["name"] == "鄢秀珠"
    assert "****" in found["responsible"]["phone"], "in a list of helpers it stays behind its mask"
    assert found["responsiblePhone"].isdigit()
    teacher = str(await world.sql.fetchval("SELECT id FROM helper WHERE kind = 'TEACHER' LIMIT 1"))
    secretary = str(await world.sql.fetchval("SELECT id FROM helper WHERE kind = 'FIRST_SECRETARY' LIMIT 1"))
    named = {"pairingId": pairing, "responsibleId": secretary}
    made, errors = await does(world, "county_officer", NAME, operationId=str(uuid.uuid4()), **named)
    assert (errors, made["responsible"], made["contact"]) == ([], {"name": "林国强"}, None)
    assert made["responsiblePhone"].isdigit()
    wrong = named | {"contactId": teacher}
    assert (await does(world, "county_officer", NAME, operationId=str(uuid.uuid4()), **wrong))[1] == [
        "CONTACT_NOT_THEIRS"
    ]
    assert (await does(world, "partner", NAME, operationId=str(uuid.uuid4()), **named))[1] == ["FORBIDDEN_ROLE"]
    integrators = (await world.ask("integrator", asked, {"id": pairing}))["pairing"]
    assert integrators["responsiblePhone"] is None


async def changes(world: World, persona: str, after: str | None = None) -> tuple[list[Any], str | None]:
    page = (await world.ask(persona, CHANGES, {"after": after}))["pairingChanges"]
    return page["nodes"], page["pageInfo"]["endCursor"] or after


async def test_changes_are_read_on_from_a_cursor_and_an_end_is_a_tombstone(world: World) -> None:
    _, cursor = await changes(world, "partner")
    pairing = await pairing_of(world, "partner", "VILLAGE_AND_HOUSEHOLD_LINK")
    end = "mutation($input: EndPairingInput!) { endPairing(input: $input) { errors { code } } }"
    ended = {"operationId": str(uuid.uuid4()), "pairingId": pairing, "endedOn": str(TODAY), "reason": "TERM_COMPLETED"}
    assert (await world.ask("county_officer", end, {"input": ended}))["endPairing"]["errors"] == []
    news, cursor = await changes(world, "partner", cursor)
    gone = {"id": pairing, "endedOn": str(TODAY), "household": None}
    assert news == [{"op": "ENDED", "pairingId": pairing, "pairing": gone}]
    assert await changes(world, "partner", cursor) == ([], cursor)
    assert pairing not in {one["pairingId"] for one in (await changes(world, "other_partner"))[0]}
    assert (await changes(world, "anonymous"))[0] == []


async def test_what_commits_later_is_never_behind_a_cursor(world: World) -> None:
    """A slow transaction that began first holds back what came after it, and nothing is lost."""
    slow = await asyncpg.connect(world.settings.database_url)
    _, cursor = await changes(world, "partner")
    mine = await pairing_of(world, "partner", "SUNSHINE_HAND")
    other = await pairing_of(world, "partner", "VILLAGE_AND_HOUSEHOLD_LINK")
    change = "UPDATE pairing SET terms = jsonb_build_object('n', $2::int) WHERE id = $1::uuid"
    try:
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(change, mine, 1)
        await world.sql.execute(change, other, 2)
        assert (await changes(world, "partner", cursor))[0] == [], "it waits for the one that began before"
        await transaction.commit()
    finally:
        await slow.close()
    news, _ = await changes(world, "partner", cursor)
    assert [(one["op"], one["pairingId"]) for one in news] == [("CHANGED", mine), ("CHANGED", other)]


@pytest.mark.parametrize("persona", ["partner", "integrator"])
async def test_a_pairing_that_changes_is_told_to_its_partner_and_to_nobody_elses(world: World, persona: str) -> None:
    register = """mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) { endpoint { id } errors { code } } }"""
    endpoints = {}
    for who in (persona, "other_partner"):
        grant = await world.sql.fetchval(
            "SELECT g.id FROM access_grant g JOIN account a ON a.id = g.account_id WHERE a.persona = $1", who
        )
        given = {
            "id": str(uuid.uuid4()),
            "grantId": str(grant),
            "url": "http://127.0.0.1:9/",
            "events": ["pairing.changed"],
        }
        made, errors = await does(world, who, register, **given)
        assert errors == []
        endpoints[who] = made["id"]
    pairing = await pairing_of(world, "partner", "SUNSHINE_HAND")
    await world.sql.execute("UPDATE pairing SET mode = 'SHARED_PROJECTS' WHERE id = $1::uuid", pairing)
    await world.sql.execute("UPDATE pairing SET mode = 'LONG_TERM' WHERE id = $1::uuid", pairing)
    told = await world.sql.fetch(
        "SELECT endpoint_id::text, content FROM webhook_delivery WHERE event = 'pairing.changed'"
    )
    to = [row["endpoint_id"] for row in told]
    assert to.count(endpoints[persona]) == 2
    assert endpoints["other_partner"] not in to
    assert '"op": "CHANGED"' in told[0]["content"]
