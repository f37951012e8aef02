"""Visits that came before their family: judged anew by the server, or handed to people."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access.queries import SET_VIEWER, viewer_settings
from domain.access.rules import Actor
from domain.base.errors import Conflict, DomainError, InvalidInput, NotVisible, Refused
from domain.base.transactions import carry_out
from domain.changes.actions import Answer
from domain.sync import deferred
from domain.sync.deferred import REVIEW_AFTER, hand_to_review, judge_waiting
from domain.sync.reviewing import ReviewDecision, review_submission, standing
from domain.visits.actions import Judged, judge_deferred
from tests.domain.families.conftest import told
from tests.domain.visits.conftest import NOW, TOWNSHIP, VILLAGE, Hamlet, a_visit, later, new_id
from tests.domain.visits.conftest import hamlet as hamlet

LATER = NOW + timedelta(hours=30)


async def a_waiting_visit(hamlet: Hamlet, **changed: Any) -> dict[str, Any]:
    """A visit by Li to a family that nobody has put on record."""
    sent = a_visit(changed.pop("home", None) or new_id(), **changed)
    (answer,) = await hamlet.submit(hamlet.li, sent, sent_at=NOW + timedelta(minutes=10))
    assert answer.outcome == "DEFERRED", answer.problems
    return sent


async def its_family_comes(hamlet: Hamlet, sent: dict[str, Any], actor: Actor | None = None) -> uuid.UUID:
    home = await hamlet.home(id=sent["householdId"])
    await hamlet.pair((actor or hamlet.li).viewer.helper_id, home)
    return home


async def outcomes(hamlet: Hamlet, *sent: dict[str, Any]) -> list[str]:
    return [(await hamlet.submission(one["id"]))["outcome"] for one in sent]  # type: ignore[index]


async def test_a_visit_is_stored_when_its_family_comes_and_is_not_late_for_it(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert (str(kept["waits_for"]), kept["sent_at"]) == (sent["householdId"], NOW + timedelta(minutes=10))
    home = await its_family_comes(hamlet, sent)
    (judged,) = await judge_waiting(hamlet.sessions, LATER, [home])
    assert (judged.outcome, str(judged.visit_id)) == ("APPLIED", sent["id"])
    visit, kept = await hamlet.visit(sent["id"]), await hamlet.submission(sent["id"])
    assert visit is not None
    assert kept is not None
    assert (visit["received_at"], visit["late_by_seconds"]) == (NOW, 3600)
    assert (visit["recorded_by_id"], visit["household_id"], visit["is_within_fence"]) == (hamlet.li.id, home, True)
    assert await hamlet.notes(sent["id"]) == ["CLOCK_SKEW"], "the phone was ten minutes ahead when it sent"
    assert (kept["received_at"], kept["judged_at"], kept["waits_for"]) == (NOW, LATER, None)
    assert (kept["region_code"], json.loads(kept["problems"])) == (VILLAGE, [])


async def test_what_is_sent_again_afterwards_is_a_replay(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, sent)
    await judge_waiting(hamlet.sessions, LATER, [home])
    (answer,) = await hamlet.submit(later(hamlet.li, hours=31), sent)
    assert answer.outcome == "REPLAYED"


async def test_a_finding_about_a_member_waits_for_the_family_too(hamlet: Hamlet) -> None:
    stranger = new_id()
    kind = await hamlet.sql.fetchval("SELECT min(code) FROM term WHERE list = 'finding'")
    finding = {"id": new_id(), "kind": kind, "personId": stranger}
    sent = await a_waiting_visit(hamlet, findings=[finding])
    home = await its_family_comes(hamlet, sent)
    await hamlet.sql.execute("UPDATE person SET id = $1 WHERE household_id = $2", stranger, home)
    (judged,) = await judge_waiting(hamlet.sessions, LATER, [home])
    assert judged.outcome == "APPLIED"


async def test_a_family_that_is_somebody_elses_is_waited_for(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, sent, hamlet.chen)
    assert await judge_waiting(hamlet.sessions, LATER, [home]) == []
    assert await judge_waiting(hamlet.sessions, LATER) == []
    assert await outcomes(hamlet, sent) == ["DEFERRED"]
    await hamlet.pair(hamlet.li.viewer.helper_id, home)
    assert [one.outcome for one in await judge_waiting(hamlet.sessions, LATER)] == ["APPLIED"]


async def test_what_proves_wrong_once_the_family_is_here_is_refused_and_kept(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, sent)
    await hamlet.sql.execute("UPDATE household SET ended_on = '2026-01-01', end_reason = 'X' WHERE id = $1", home)
    (judged,) = await judge_waiting(hamlet.sessions, LATER)
    assert (judged.outcome, [problem.code for problem in judged.problems]) == ("REJECTED", ["HAS_ENDED"])
    assert await outcomes(hamlet, sent) == ["REJECTED"]


async def test_only_what_waits_for_these_families_is_judged(hamlet: Hamlet) -> None:
    one, other = await a_waiting_visit(hamlet), await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, one)
    await its_family_comes(hamlet, other)
    await judge_waiting(hamlet.sessions, LATER, [home])
    assert await outcomes(hamlet, one, other) == ["APPLIED", "DEFERRED"]
    await judge_waiting(hamlet.sessions, LATER)
    assert await outcomes(hamlet, one, other) == ["APPLIED", "APPLIED"]


async def test_what_we_stumbled_over_is_tried_again_by_the_sweep(hamlet: Hamlet) -> None:
    sent = a_visit(hamlet.homes_of_li[0])
    await hamlet.sql.execute("ALTER TABLE visit ADD CONSTRAINT stumble CHECK (false) NOT VALID")
    try:
        (answer,) = await hamlet.submit(hamlet.li, sent)
        assert [problem.code for problem in answer.problems] == ["INTERNAL"]
        assert [one.outcome for one in await judge_waiting(hamlet.sessions, LATER)] == ["DEFERRED"]
    finally:
        await hamlet.sql.execute("ALTER TABLE visit DROP CONSTRAINT stumble")
    assert [one.outcome for one in await judge_waiting(hamlet.sessions, LATER)] == ["APPLIED"]


async def test_a_locked_account_waits_and_the_others_are_judged(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, sent)
    await hamlet.sql.execute("UPDATE account SET disabled_at = now() WHERE id = $1", hamlet.li.id)
    try:
        assert await judge_waiting(hamlet.sessions, LATER, [home]) == []
    finally:
        await hamlet.sql.execute("UPDATE account SET disabled_at = NULL WHERE id = $1", hamlet.li.id)
    assert [one.outcome for one in await judge_waiting(hamlet.sessions, LATER, [home])] == ["APPLIED"]


async def test_twenty_rounds_and_resends_at_once_store_it_once(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    home = await its_family_comes(hamlet, sent)
    rounds = [judge_waiting(hamlet.sessions, LATER, [home]) for _ in range(5)]
    await asyncio.gather(*rounds, *(hamlet.submit(later(hamlet.li, hours=31), sent) for _ in range(5)))
    assert await outcomes(hamlet, sent) == ["APPLIED"]
    assert await hamlet.sql.fetchval("SELECT count(*) FROM visit WHERE household_id = $1", home) == 1


async def test_another_content_under_the_id_is_dated_when_it_came(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    await hamlet.submit(later(hamlet.li, hours=2), {**sent, "note": "补充"})
    home = await its_family_comes(hamlet, sent)
    await judge_waiting(hamlet.sessions, LATER, [home])
    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert (visit["note"], visit["received_at"]) == ("补充", NOW + timedelta(hours=2))


async def test_trouble_with_one_author_is_logged_and_leaves_the_others_alone(
    hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent = await a_waiting_visit(hamlet)
    theirs = a_visit(sent["householdId"])
    (answer,) = await hamlet.submit(hamlet.chen, theirs)
    assert answer.outcome == "DEFERRED"
    home = await its_family_comes(hamlet, sent)
    await hamlet.pair(hamlet.chen.viewer.helper_id, home)

    async def troubled(db: AsyncSession, actor: Actor, **given: Any) -> list[Judged]:
        if actor.id == hamlet.li.id:
            raise RuntimeError("only hers")
        return await judge_deferred(db, actor, **given)

    monkeypatch.setattr(deferred, "judge_deferred", troubled)
    assert [one.id for one in await judge_waiting(hamlet.sessions, LATER, [home])] == [theirs["id"]]
    assert "what one account sent and waits could not be judged" in caplog.text
    monkeypatch.undo()
    assert [one.id for one in await judge_waiting(hamlet.sessions, LATER, [home])] == [sent["id"]]


async def test_trouble_never_reaches_whoever_brought_the_family(
    hamlet: Hamlet, caplog: pytest.LogCaptureFixture
) -> None:
    nothing: Any = None
    assert await judge_waiting(nothing, LATER, [hamlet.far_home]) == []
    assert "what waits could not be judged" in caplog.text


# --- review ----------------------------------------------------------------------------------------------------------


async def in_review(hamlet: Hamlet, **changed: Any) -> dict[str, Any]:
    sent = await a_waiting_visit(hamlet, **changed)
    assert await hand_to_review(hamlet.sessions, NOW + REVIEW_AFTER + timedelta(seconds=1)) >= 1
    return sent


async def review(hamlet: Hamlet, actor: Actor, sent: dict[str, Any], decision: str, **given: Any) -> Answer:
    arguments = {
        "operation_id": uuid.uuid4(),
        "submission_id": uuid.UUID(sent["id"]),
        "decision": ReviewDecision(decision),
        "reason": "电话核实过",
        **given,
    }
    return await carry_out(
        hamlet.sessions,
        lambda db: review_submission(db, actor, **arguments),
        set_viewer=SET_VIEWER,
        viewer=viewer_settings(actor.viewer),
    )


async def test_nothing_is_handed_over_before_five_days_have_passed(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    await hand_to_review(hamlet.sessions, NOW + REVIEW_AFTER)
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert kept["review_since"] is None
    after = NOW + REVIEW_AFTER + timedelta(seconds=1)
    await hand_to_review(hamlet.sessions, after)
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert (kept["review_since"], kept["region_code"], kept["outcome"]) == (after, TOWNSHIP, "DEFERRED")
    assert await hand_to_review(hamlet.sessions, after + timedelta(days=9)) == 0, "each is handed over once"


async def test_officers_of_the_familys_region_decide_once_it_is_known(hamlet: Hamlet) -> None:
    sent = await in_review(hamlet, home=hamlet.far_home)
    with pytest.raises(NotVisible):
        await review(hamlet, hamlet.officer, sent, "DISMISS")
    assert await review(hamlet, hamlet.far_officer, sent, "DISMISS") == {"submission_id": sent["id"]}


async def test_a_dismissed_visit_is_refused_with_the_reason(hamlet: Hamlet) -> None:
    sent = await in_review(hamlet)
    await review(hamlet, hamlet.officer, sent, "DISMISS", reason="查无此户")
    kept = await hamlet.submission(sent["id"])
    assert kept is not None
    assert kept["outcome"] == "REJECTED"
    assert json.loads(kept["problems"]) == [
        {"code": "DISMISSED_IN_REVIEW", "path": ["input"], "detail": {"reason": "查无此户"}}
    ]
    entry = await hamlet.sql.fetchrow("SELECT * FROM audit_entry WHERE subject_id = $1", sent["id"])
    assert (entry["action"], entry["actor_id"], json.loads(entry["detail"])) == (
        "review_submission",
        hamlet.officer.id,
        {"decision": "DISMISS"},
    )


async def test_a_visit_that_belongs_to_a_family_is_its_authors(hamlet: Hamlet) -> None:
    home = hamlet.homes_of_chen[0]
    sent = await in_review(hamlet)
    await review(hamlet, hamlet.officer, sent, "BELONGS_TO", household_id=home)
    (judged,) = await judge_waiting(hamlet.sessions, LATER, [home])
    assert judged.outcome == "APPLIED"
    visit = await hamlet.visit(sent["id"])
    assert visit is not None
    assert (visit["household_id"], visit["recorded_by_id"], visit["received_at"]) == (home, hamlet.li.id, NOW)
    assert visit["distance_to_dwelling_metres"] < 1
    (again,) = await hamlet.submit(later(hamlet.li, hours=9), sent)
    assert again.outcome == "REPLAYED"
    assert await asked(hamlet, hamlet.officer, sent) == ("APPLIED", [])


async def test_a_visit_that_does_not_hold_for_that_family_stays_in_review(hamlet: Hamlet) -> None:
    ended = await hamlet.home()
    await hamlet.sql.execute("UPDATE household SET ended_on = '2026-01-01', end_reason = 'X' WHERE id = $1", ended)
    sent = await in_review(hamlet)
    await review(hamlet, hamlet.officer, sent, "BELONGS_TO", household_id=ended)
    (judged,) = await judge_waiting(hamlet.sessions, LATER, [ended])
    assert judged.outcome == "DEFERRED"
    assert await asked(hamlet, hamlet.officer, sent) == ("DEFERRED", ["HAS_ENDED"])
    await review(hamlet, hamlet.officer, sent, "BELONGS_TO", household_id=hamlet.homes_of_li[0])
    assert [one.outcome for one in await judge_waiting(hamlet.sessions, LATER)] == ["APPLIED"]


async def asked(hamlet: Hamlet, actor: Actor, sent: dict[str, Any]) -> tuple[str, list[str]]:
    outcome, problems = await carry_out(
        hamlet.sessions,
        lambda db: standing(db, actor.viewer, uuid.UUID(sent["id"])),
        set_viewer=SET_VIEWER,
        viewer=viewer_settings(actor.viewer),
    )
    return outcome, [problem.code for problem in problems]


async def test_a_decision_is_carried_out_once_and_the_second_officer_is_told(hamlet: Hamlet) -> None:
    sent = await in_review(hamlet)
    operation = uuid.uuid4()
    first = await review(hamlet, hamlet.officer, sent, "DISMISS", operation_id=operation)
    assert await review(hamlet, hamlet.officer, sent, "DISMISS", operation_id=operation) == first
    with pytest.raises(Conflict) as error:
        await review(hamlet, hamlet.officer, sent, "DISMISS")
    assert told(error) == {("ALREADY_REVIEWED", "submissionId")}


@pytest.mark.parametrize(
    ("given", "error", "problem"),
    [
        ({"reason": " "}, InvalidInput, ("REASON_NEEDED", "reason")),
        ({"decision": ReviewDecision.BELONGS_TO}, InvalidInput, ("REQUIRED", "householdId")),
        ({"submission_id": uuid.uuid4()}, NotVisible, ("NOT_FOUND", "submissionId")),
        (
            {"decision": ReviewDecision.BELONGS_TO, "household_id": uuid.uuid4()},
            NotVisible,
            ("NOT_FOUND", "householdId"),
        ),
    ],
)
async def test_a_decision_that_cannot_be_is_refused(
    hamlet: Hamlet, given: dict[str, Any], error: type[DomainError], problem: tuple[str, str]
) -> None:
    sent = await in_review(hamlet)
    with pytest.raises(error) as raised:
        await review(hamlet, hamlet.officer, sent, **{"decision": "DISMISS", **given})
    assert told(raised) == {problem}
    assert await outcomes(hamlet, sent) == ["DEFERRED"]


async def test_a_family_of_another_region_is_not_for_this_officer_to_name(hamlet: Hamlet) -> None:
    sent = await in_review(hamlet)
    with pytest.raises(NotVisible) as error:
        await review(hamlet, hamlet.officer, sent, "BELONGS_TO", household_id=hamlet.far_home)
    assert told(error) == {("NOT_FOUND", "householdId")}


async def test_nobody_but_officers_of_the_region_decides(hamlet: Hamlet) -> None:
    sent = await in_review(hamlet)
    with pytest.raises(Refused) as error:
        await review(hamlet, hamlet.li, sent, "DISMISS")
    assert told(error) == {("FORBIDDEN_ROLE", "")}
    with pytest.raises(NotVisible):
        await review(hamlet, hamlet.far_officer, sent, "DISMISS")


async def test_before_it_is_in_review_no_officer_sees_it(hamlet: Hamlet) -> None:
    sent = await a_waiting_visit(hamlet)
    with pytest.raises(NotVisible):
        await review(hamlet, hamlet.officer, sent, "DISMISS")


async def test_the_second_wall_shows_officers_what_is_in_review_and_no_more(hamlet: Hamlet) -> None:
    waiting, reviewed = await a_waiting_visit(hamlet), await a_waiting_visit(hamlet)
    await hamlet.sql.execute(
        "UPDATE submission SET review_since = now(), region_code = $2 WHERE id = $1", reviewed["id"], TOWNSHIP
    )
    stranger = replace(hamlet.chen)
    for actor, expected in (
        (hamlet.officer, [False, True]),
        (hamlet.far_officer, [False] * 2),
        (stranger, [False] * 2),
    ):
        async with hamlet.sql.transaction():
            settings = viewer_settings(actor.viewer)
            for name, value in settings.items():
                await hamlet.sql.execute("SELECT set_config($1, $2, true)", f"ruhu.{name}", value)
            await hamlet.sql.execute("SET LOCAL ROLE ruhu_app")
            seen = [
                bool(await hamlet.sql.fetchval("SELECT count(*) FROM submission WHERE id = $1", one["id"]))
                for one in (waiting, reviewed)
            ]
            assert seen == expected
            changed = await hamlet.sql.execute(
                "UPDATE submission SET outcome = 'REJECTED' WHERE id = $1", waiting["id"]
            )
            assert changed == "UPDATE 0"
