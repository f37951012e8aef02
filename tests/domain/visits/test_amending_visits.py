"""A visit is never edited: a correction takes its place, and both stay."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from domain.base.errors import Conflict, DomainError, InvalidInput, NotVisible, Refused
from tests.domain.visits.conftest import DWELLING, Hamlet, a_visit, new_id

AWAY = {"longitude": DWELLING[0] + 0.5, "latitude": DWELLING[1], "datum": "WGS84"}


async def a_stored_visit(hamlet: Hamlet) -> str:
    sent = a_visit(hamlet.homes_of_li[0])
    await hamlet.submit(hamlet.li, sent)
    return str(sent["id"])


def codes(error: DomainError) -> list[tuple[str, tuple[str, ...]]]:
    return [(problem.code, problem.path) for problem in error.problems]


async def test_amend_visit_puts_a_new_visit_in_the_place_of_the_old_one(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    correction = a_visit(hamlet.homes_of_li[0], note="更正：见到的是老人的儿子")

    new = await hamlet.amend(hamlet.li, old, correction, reason="写错了人")

    before, after = await hamlet.visit(old), await hamlet.visit(new)
    assert before is not None
    assert after is not None
    assert (before["superseded_by_id"], before["note"]) == (new, None)
    assert (str(after["supersedes_id"]), after["note"]) == (old, "更正：见到的是老人的儿子")
    assert after["amend_reason"] == "写错了人"


async def test_an_amendment_can_itself_be_amended(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    second = await hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0]))
    third = await hamlet.amend(hamlet.li, str(second), a_visit(hamlet.homes_of_li[0]))

    visit = await hamlet.visit(third)
    assert visit is not None
    assert visit["supersedes_id"] == second


async def test_amend_visit_is_carried_out_once_however_often_it_is_sent(hamlet: Hamlet) -> None:
    old, correction = await a_stored_visit(hamlet), a_visit(hamlet.homes_of_li[0])

    answers = await asyncio.gather(*(hamlet.amend(hamlet.li, old, correction) for _ in range(5)))

    assert {str(answer) for answer in answers} == {correction["id"]}
    assert await hamlet.sql.fetchval("SELECT count(*) FROM visit WHERE supersedes_id = $1", old) == 1


async def test_the_same_new_id_for_another_correction_is_refused(hamlet: Hamlet) -> None:
    old, correction = await a_stored_visit(hamlet), a_visit(hamlet.homes_of_li[0])
    await hamlet.amend(hamlet.li, old, correction)

    with pytest.raises(Conflict) as refusal:
        await hamlet.amend(hamlet.li, old, correction | {"note": "又改"})

    assert codes(refusal.value) == [("OPERATION_REUSED", ("input",))]


async def test_a_visit_is_superseded_once(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    await hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0]))

    with pytest.raises(Conflict) as refusal:
        await hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0]))

    assert codes(refusal.value) == [("ALREADY_SUPERSEDED", ("input", "visitId"))]


async def test_of_two_corrections_at_once_one_wins(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)

    answers = await asyncio.gather(
        hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0])),
        hamlet.amend(hamlet.officer, old, a_visit(hamlet.homes_of_li[0])),
        return_exceptions=True,
    )

    [lost] = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(lost, Conflict)
    assert codes(lost) == [("ALREADY_SUPERSEDED", ("input", "visitId"))]


async def test_an_officer_of_the_region_may_correct_and_the_helper_stays_who_was_there(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)

    new = await hamlet.amend(hamlet.officer, old, a_visit(hamlet.homes_of_li[0]))

    before, after = await hamlet.visit(old), await hamlet.visit(new)
    assert before is not None
    assert after is not None
    assert before["superseded_by_id"] == new
    assert (after["recorded_by_id"], after["helper_id"]) == (hamlet.officer.id, hamlet.li.viewer.helper_id)


async def test_another_helper_of_the_family_sees_the_visit_and_may_not_correct_it(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    await hamlet.pair(hamlet.chen.viewer.helper_id, hamlet.homes_of_li[0])

    with pytest.raises(Refused) as refusal:
        await hamlet.amend(hamlet.chen, old, a_visit(hamlet.homes_of_li[0]))

    assert codes(refusal.value) == [("NOT_YOUR_VISIT", ("input", "visitId"))]
    await hamlet.sql.execute(
        "DELETE FROM household_access WHERE party_id = $1 AND household_id = $2",
        hamlet.chen.viewer.helper_id,
        hamlet.homes_of_li[0],
    )


async def test_to_whoever_does_not_see_a_visit_it_is_not_there(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)

    for actor, asked in ((hamlet.far_officer, old), (hamlet.li, new_id())):
        with pytest.raises(NotVisible) as refusal:
            await hamlet.amend(actor, asked, a_visit(hamlet.far_home))
        assert codes(refusal.value) == [("NOT_FOUND", ("input", "visitId"))]


async def test_what_is_wrong_with_a_correction_is_said_below_visit(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    correction = a_visit(hamlet.homes_of_li[0], purpose="CHAT", location=AWAY | {"latitude": 91.0})

    with pytest.raises(InvalidInput) as refusal:
        await hamlet.amend(hamlet.li, old, correction)

    assert codes(refusal.value) == [
        ("COORDINATES_OUT_OF_RANGE", ("input", "visit", "location", "latitude")),
        ("UNKNOWN_CODE", ("input", "visit", "purpose")),
    ]


@pytest.mark.parametrize("reason", ["", "   ", "长" * 4001, "半\x00句"])
async def test_a_correction_says_why(hamlet: Hamlet, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await hamlet.amend(hamlet.li, new_id(), a_visit(hamlet.homes_of_li[0]), reason=reason)

    assert codes(refusal.value) == [("REASON_NEEDED", ("input", "reason"))]


async def test_a_correction_needs_ids_and_a_sending_time_that_can_be_read(hamlet: Hamlet) -> None:
    old, correction = await a_stored_visit(hamlet), a_visit(hamlet.homes_of_li[0])

    for asked, code, path in (
        (hamlet.amend(hamlet.li, "七号", correction), "ID_INVALID", ("input", "visitId")),
        (hamlet.amend(hamlet.li, old, correction | {"id": "七号"}), "ID_INVALID", ("input", "visit", "id")),
        (hamlet.amend(hamlet.li, old, correction, sent_at="now"), "INSTANT_INVALID", ("input", "sentAt")),
    ):
        with pytest.raises(InvalidInput) as refusal:
            await asked
        assert codes(refusal.value) == [(code, path)]


async def test_a_correction_under_an_id_in_use_is_refused(hamlet: Hamlet) -> None:
    old, other = await a_stored_visit(hamlet), await a_stored_visit(hamlet)

    with pytest.raises(InvalidInput) as refusal:
        await hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0], id=other))

    assert codes(refusal.value) == [("ID_TAKEN", ("input", "visit", "id"))]


async def test_a_correction_is_no_journey_and_repeats_no_photo_of_its_own(hamlet: Hamlet) -> None:
    walker = await hamlet.cadre("黄干部")
    home = await hamlet.home()
    await hamlet.pair(walker.viewer.helper_id, home)
    photo = {"sha256": "3c" * 32, "byteSize": 1, "mediaType": "image/webp"}
    wrong = a_visit(home, location=AWAY, photos=[{"id": new_id(), **photo}])
    await hamlet.submit(walker, wrong)

    new = await hamlet.amend(walker, wrong["id"], a_visit(home, photos=[{"id": new_id(), **photo}]))

    assert await hamlet.notes(new) == []


async def test_the_trace_and_the_feed_tell_of_a_correction(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)
    position = await hamlet.sql.fetchval("SELECT max(seq) FROM change")

    new = await hamlet.amend(hamlet.li, old, a_visit(hamlet.homes_of_li[0]))

    told = await hamlet.sql.fetch("SELECT id::text FROM change WHERE seq > $1 AND kind = 'visit'", position)
    assert {row["id"] for row in told} == {old, str(new)}
    entry = await hamlet.sql.fetchrow("SELECT * FROM audit_entry WHERE subject_id = $1", new)
    assert (entry["action"], entry["region_code"]) == ("amendVisit", "350125201205")


async def test_the_app_cannot_change_a_visit_even_if_it_tried(hamlet: Hamlet) -> None:
    old = await a_stored_visit(hamlet)

    async with hamlet.sql.transaction():
        await hamlet.sql.execute("SET LOCAL ROLE ruhu_app")
        await hamlet.sql.execute("SELECT set_config('ruhu.viewer_id', $1, true)", str(hamlet.li.id))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with hamlet.sql.transaction():
                await hamlet.sql.execute("UPDATE visit SET note = '改' WHERE id = $1", old)
