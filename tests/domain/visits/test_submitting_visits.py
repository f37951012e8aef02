"""Submitting visits: five outcomes, each item for itself, once however often it is sent."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from domain.base.errors import InvalidInput, Refused
from domain.visits.models import SubmissionOutcome
from tests.domain.visits.conftest import ANSWERS, NOW, Hamlet, a_visit, at_once, later, new_id, text

APPLIED, REPLAYED, DEFERRED, CONFLICT, REJECTED = SubmissionOutcome


async def test_submit_visits_stores_a_visit_with_everything_that_hangs_on_it(hamlet: Hamlet) -> None:
    home = hamlet.homes_of_li[0]
    head = str(await hamlet.head_of(home))
    sent = a_visit(
        home,
        companionIds=[str(hamlet.chen.viewer.helper_id), str(hamlet.li.viewer.helper_id)],
        findings=[{"id": new_id(), "kind": "INCOME_DROP", "personId": head, "note": "零工停了"}],
        photos=[{"id": new_id(), "sha256": "AB" * 32, "byteSize": 120_000, "mediaType": "image/jpeg"}],
        note="院里正在翻修",
    )

    [answer] = await hamlet.submit(hamlet.li, sent)

    assert (answer.id, answer.outcome, str(answer.visit_id)) == (sent["id"], APPLIED, sent["id"])
    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert (visit["household_id"], visit["recorded_by_id"]) == (home, hamlet.li.id)
    assert visit["helper_id"] == hamlet.li.viewer.helper_id
    assert (visit["is_complete"], visit["is_within_fence"], visit["late_by_seconds"]) == (True, True, 3600)
    assert json.loads(visit["answers"]) == ANSWERS
    companions = await hamlet.sql.fetch("SELECT helper_id FROM visit_companion WHERE visit_id = $1", sent["id"])
    assert [row["helper_id"] for row in companions] == [hamlet.chen.viewer.helper_id], (
        "one is no companion of one's own"
    )
    finding = await hamlet.sql.fetchrow("SELECT * FROM visit_finding WHERE visit_id = $1", sent["id"])
    assert (finding["kind"], str(finding["person_id"]), finding["note"]) == ("INCOME_DROP", head, "零工停了")
    assert await hamlet.sql.fetchval("SELECT sha256 FROM visit_photo WHERE visit_id = $1", sent["id"]) == "ab" * 32


async def test_submit_visits_answers_in_the_order_sent(hamlet: Hamlet) -> None:
    home = hamlet.homes_of_li[0]
    batch = [a_visit(home), a_visit(home, contact="SHOUTED"), a_visit(hamlet.far_home), a_visit(home)]

    answers = await hamlet.submit(hamlet.li, *batch)

    assert [answer.id for answer in answers] == [visit["id"] for visit in batch]
    assert [answer.outcome for answer in answers] == [APPLIED, REJECTED, DEFERRED, APPLIED]


async def test_submit_visits_replays_what_it_has_applied(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0])
    await hamlet.submit(hamlet.li, sent)

    [answer] = await hamlet.submit(later(hamlet.li, minutes=2), sent)

    assert (answer.outcome, str(answer.visit_id)) == (REPLAYED, sent["id"])


async def test_submit_visits_takes_the_same_meaning_for_the_same_content(hamlet: Hamlet) -> None:
    home, companion = hamlet.homes_of_li[0], str(hamlet.chen.viewer.helper_id)
    sent = a_visit(home, companionIds=[companion], occurredAt="2026-11-20T14:00:00+08:00", photos=None)
    await hamlet.submit(hamlet.li, sent)
    said_otherwise = {key: sent[key] for key in reversed(sent)} | {
        "householdId": str(home).upper(),
        "occurredAt": "2026-11-20T06:00:00.000Z",
        "companionIds": [companion, companion],
        "findings": [],
        "note": None,
    }

    [answer] = await hamlet.submit(hamlet.li, said_otherwise)

    assert answer.outcome is REPLAYED


async def test_submit_visits_twenty_times_at_once_stores_the_batch_once(hamlet: Hamlet) -> None:
    batch = [a_visit(hamlet.homes_of_li[n % 2], note=f"第{n}户") for n in range(10)]

    answers = await at_once(*(hamlet.submit(hamlet.li, *batch) for _ in range(20)))

    outcomes = [answer.outcome for answered in answers for answer in answered]
    assert outcomes.count(APPLIED) == 10
    assert outcomes.count(REPLAYED) == 190
    ids = [visit["id"] for visit in batch]
    assert await hamlet.sql.fetchval("SELECT count(*) FROM visit WHERE id::text = ANY ($1)", ids) == 10


async def test_batches_that_share_ids_in_another_order_do_not_block_each_other(hamlet: Hamlet) -> None:
    batch = [a_visit(hamlet.homes_of_li[0], note=f"{n}") for n in range(30)]

    answers = await at_once(
        *(hamlet.submit(hamlet.li, *(batch if n % 2 else reversed(batch))) for n in range(8)),
    )

    outcomes = [answer.outcome for answered in answers for answer in answered]
    assert (outcomes.count(APPLIED), outcomes.count(REPLAYED)) == (30, 210)


async def test_submit_visits_calls_other_content_under_an_applied_id_a_conflict(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], note="第一次")
    await hamlet.submit(hamlet.li, sent)

    [answer] = await hamlet.submit(hamlet.li, sent | {"note": "第二次"})

    assert (answer.outcome, answer.visit_id) == (CONFLICT, None)
    assert [problem.code for problem in answer.problems] == ["CONTENT_DIFFERS"]
    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert visit["note"] == "第一次"


async def test_the_second_of_two_items_with_one_id_is_answered_as_if_it_came_later(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0])
    wrong = a_visit(hamlet.homes_of_li[0], purpose="GOSSIP")

    answers = await hamlet.submit(
        hamlet.li, sent, sent, sent | {"note": "另一份"}, wrong, wrong, wrong | {"note": "另一份"}
    )

    assert [answer.outcome for answer in answers] == [APPLIED, REPLAYED, CONFLICT, REJECTED, REJECTED, REJECTED]
    assert answers[4].problems[0].path == ("input", "visits", "4", "purpose")
    assert answers[5].problems[0].code == "ID_REPEATED"


async def test_an_id_that_somebody_else_used_is_taken_and_its_content_is_not_told(hamlet: Hamlet) -> None:
    theirs = a_visit(hamlet.homes_of_chen[0], note="只给陈师傅看")
    await hamlet.submit(hamlet.chen, theirs)

    [answer] = await hamlet.submit(hamlet.li, a_visit(hamlet.homes_of_li[0], id=theirs["id"]))
    [to_the_letter] = await hamlet.submit(hamlet.li, theirs)

    for told in (answer, to_the_letter):
        assert (told.outcome, told.visit_id) == (REJECTED, None)
        assert [(problem.code, problem.path[3:]) for problem in told.problems] == [("ID_TAKEN", ("id",))]


async def test_the_id_of_a_visit_that_no_phone_sent_is_taken_too(hamlet: Hamlet) -> None:
    corrected, good = a_visit(hamlet.homes_of_li[0]), a_visit(hamlet.homes_of_li[1])
    await hamlet.submit(hamlet.li, corrected)
    correction = a_visit(hamlet.homes_of_li[0])
    await hamlet.amend(hamlet.li, corrected["id"], correction)

    answers = await hamlet.submit(hamlet.li, correction, good)

    assert [answer.outcome for answer in answers] == [REJECTED, APPLIED], "and its neighbour is not lost"
    assert [problem.code for problem in answers[0].problems] == ["ID_TAKEN"]


async def test_a_photo_id_of_another_visit_refuses_this_visit_only(hamlet: Hamlet) -> None:
    photo = {"id": new_id(), "sha256": "cd" * 32, "byteSize": 9, "mediaType": "image/png"}
    await hamlet.submit(hamlet.chen, a_visit(hamlet.homes_of_chen[0], photos=[photo]))
    copied, good = a_visit(hamlet.homes_of_li[0], photos=[photo]), a_visit(hamlet.homes_of_li[0])

    answers = await hamlet.submit(hamlet.li, copied, good)

    assert [answer.outcome for answer in answers] == [REJECTED, APPLIED]
    assert [(problem.code, problem.path) for problem in answers[0].problems] == [
        ("ID_TAKEN", ("input", "visits", "0", "photos"))
    ]
    kept = await hamlet.submission(copied["id"])
    assert kept is not None
    assert (kept["outcome"], json.loads(kept["problems"])[0]["code"]) == ("REJECTED", "ID_TAKEN")


async def test_a_foreign_and_an_unknown_household_get_the_same_answer(hamlet: Hamlet) -> None:
    foreign, unknown = a_visit(hamlet.far_home), a_visit(new_id())

    answers = await hamlet.submit(hamlet.li, foreign, unknown)

    told = [(answer.outcome, [(p.code, p.path[3:], p.detail) for p in answer.problems]) for answer in answers]
    assert told[0] == told[1] == (DEFERRED, [("HOUSEHOLD_NOT_HERE_YET", ("householdId",), {})])


async def test_a_deferred_visit_is_applied_when_its_family_has_arrived(hamlet: Hamlet) -> None:
    sent = a_visit(new_id())
    await hamlet.submit(hamlet.li, sent)
    arrived = await hamlet.home(id=sent["householdId"])
    await hamlet.pair(hamlet.li.viewer.helper_id, arrived)

    [answer] = await hamlet.submit(later(hamlet.li, hours=5), sent)

    assert answer.outcome is APPLIED
    visit, kept = await hamlet.visit(sent["id"]), await hamlet.submission(sent["id"])
    assert visit is not None
    assert kept is not None
    assert visit["received_at"] == NOW, "what waits for its family is not late for it"
    assert (kept["outcome"], kept["problems"]) == ("APPLIED", "[]")
    assert (kept["received_at"], kept["judged_at"]) == (NOW, NOW + timedelta(hours=5))


async def test_a_refused_visit_is_kept_as_typed_and_judged_anew_when_it_comes_again(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], purpose="CHAT", note="老人说屋顶漏雨")
    [refused] = await hamlet.submit(hamlet.li, sent)
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert refused.outcome is REJECTED
    assert json.loads(kept["content"]) == sent
    assert json.loads(kept["problems"]) == [
        {"code": "UNKNOWN_CODE", "path": ["input", "purpose"], "detail": {"list": "visit_purpose", "code": "CHAT"}}
    ]
    assert await hamlet.visit(sent["id"]) is None

    [mended] = await hamlet.submit(hamlet.li, sent | {"purpose": "SWEEP"})

    assert mended.outcome is APPLIED
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert json.loads(kept["content"])["purpose"] == "SWEEP"


async def test_what_was_typed_under_an_id_that_is_none_is_kept_too(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], id="visit-7", note="手机应用有错")

    [answer] = await hamlet.submit(hamlet.li, sent)
    [again] = await hamlet.submit(hamlet.li, sent)

    assert (answer.id, answer.outcome, again.outcome) == ("visit-7", REJECTED, REJECTED)
    assert [(problem.code, problem.path) for problem in answer.problems] == [
        ("ID_INVALID", ("input", "visits", "0", "id"))
    ]
    kept = await hamlet.sql.fetch("SELECT content FROM submission WHERE content ->> 'id' = 'visit-7'")
    assert [json.loads(row["content"])["note"] for row in kept] == ["手机应用有错"]


async def test_a_cadre_may_hand_in_a_visit_made_before_the_hand_over(hamlet: Hamlet) -> None:
    home = await hamlet.home()
    pairing = await hamlet.pair(hamlet.li.viewer.helper_id, home)
    await hamlet.end(pairing, on=date(2026, 11, 18))
    before = a_visit(
        home,
        occurredAt="2026-11-17T10:00:00+08:00",
        findings=[{"id": new_id(), "kind": "UNINSURED", "personId": str(await hamlet.head_of(home))}],
    )
    on_the_day = a_visit(home, occurredAt="2026-11-18T09:00:00+08:00")
    after = a_visit(home, occurredAt="2026-11-19T10:00:00+08:00")

    answers = await hamlet.submit(hamlet.li, before, on_the_day, after)

    assert [answer.outcome for answer in answers] == [APPLIED, APPLIED, DEFERRED]
    visit = await hamlet.visit(before["id"])
    assert visit is not None
    assert (visit["region_code"], visit["distance_to_dwelling_metres"]) == ("350125201205", 0.0)


async def test_the_day_of_a_visit_is_the_day_in_china(hamlet: Hamlet) -> None:
    home = await hamlet.home()
    pairing = await hamlet.pair(hamlet.li.viewer.helper_id, home)
    await hamlet.end(pairing, on=date(2026, 11, 17))

    answers = await hamlet.submit(
        hamlet.li,
        a_visit(home, occurredAt="2026-11-17T15:59:59Z"),
        a_visit(home, occurredAt="2026-11-17T16:00:00Z"),
    )

    assert [answer.outcome for answer in answers] == [APPLIED, DEFERRED]


async def test_an_officer_records_visits_in_the_region_and_nowhere_else(hamlet: Hamlet) -> None:
    answers = await hamlet.submit(hamlet.officer, a_visit(hamlet.homes_of_chen[0]), a_visit(hamlet.far_home))

    assert [answer.outcome for answer in answers] == [APPLIED, DEFERRED]


async def test_a_batch_of_more_than_five_hundred_is_refused_as_a_whole(hamlet: Hamlet) -> None:
    batch = [a_visit(hamlet.homes_of_li[0]) for _ in range(501)]

    with pytest.raises(InvalidInput) as refusal:
        await hamlet.submit(hamlet.li, *batch)

    assert [(problem.code, problem.path) for problem in refusal.value.problems] == [
        ("BATCH_TOO_LARGE", ("input", "visits"))
    ]
    assert await hamlet.submission(batch[0]["id"]) is None


async def test_a_batch_of_five_hundred_is_stored(hamlet: Hamlet) -> None:
    batch = [a_visit(hamlet.homes_of_chen[n % 2], note=f"{n}") for n in range(500)]

    answers = await hamlet.submit(hamlet.chen, *batch)

    assert {answer.outcome for answer in answers} == {APPLIED}


async def test_who_does_not_meet_families_submits_no_visits(hamlet: Hamlet) -> None:
    from domain.access.rules import GrantRole

    auditor = await hamlet.account("审计员", GrantRole.AUDITOR)

    with pytest.raises(Refused) as refusal:
        await hamlet.submit(auditor, a_visit(hamlet.homes_of_li[0]))

    assert [problem.code for problem in refusal.value.problems] == ["FORBIDDEN_ROLE"]


async def test_one_entry_in_the_trace_tells_of_the_batch_and_a_mere_replay_leaves_none(hamlet: Hamlet) -> None:
    good, bad = a_visit(hamlet.homes_of_li[0]), a_visit(hamlet.homes_of_li[0], contact="SHOUTED")
    entries = "SELECT detail FROM audit_entry WHERE actor_id = $1 ORDER BY id"
    before = len(await hamlet.sql.fetch(entries, hamlet.li.id))

    await hamlet.submit(hamlet.li, good, bad)
    await hamlet.submit(hamlet.li, good)

    rows = (await hamlet.sql.fetch(entries, hamlet.li.id))[before:]
    assert [json.loads(row["detail"]) for row in rows] == [{"APPLIED": 1, "REJECTED": 1, "applied": [good["id"]]}]


async def test_the_change_feed_tells_of_every_stored_visit(hamlet: Hamlet) -> None:
    stored, refused = a_visit(hamlet.homes_of_li[0]), a_visit(hamlet.homes_of_li[0], purpose="CHAT")

    await hamlet.submit(hamlet.li, stored, refused)

    told = "SELECT id::text, area, op FROM change WHERE kind = 'visit' AND id::text = ANY ($1)"
    assert [tuple(row) for row in await hamlet.sql.fetch(told, [stored["id"], refused["id"]])] == [
        (stored["id"], 350125201, "U")
    ]


async def test_a_late_visit_says_how_late_and_counts_for_its_day(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0], occurredAt=text(NOW - timedelta(days=4)))

    await hamlet.submit(hamlet.li, sent)

    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert (visit["late_by_seconds"], visit["occurred_at"]) == (4 * 86400, NOW - timedelta(days=4))
    assert await hamlet.notes(sent["id"]) == ["LATE"]
