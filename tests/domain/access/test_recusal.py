"""Who has to leave a step of a case to another."""

from __future__ import annotations

import uuid

import pytest

from domain.access.recusal import CaseLevel, Recusal, StepTaken, recusal, verifiers_problem

ME, YOU = uuid.UUID(int=1), uuid.UUID(int=2)
VERIFIED = StepTaken(CaseLevel.VILLAGE, ME, is_verification=True)
APPRAISED = StepTaken(CaseLevel.VILLAGE, ME)
REVIEWED = StepTaken(CaseLevel.TOWNSHIP, ME)


@pytest.mark.parametrize(
    ("level", "taken", "relatives", "expected"),
    [
        pytest.param(CaseLevel.VILLAGE, [], [], None, id="nothing speaks against it"),
        pytest.param(CaseLevel.VILLAGE, [APPRAISED], [], None, id="two steps of one level"),
        pytest.param(CaseLevel.COUNTY, [REVIEWED], [], Recusal.ACTED_AT_ANOTHER_LEVEL, id="township, then county"),
        pytest.param(CaseLevel.VILLAGE, [REVIEWED], [], Recusal.ACTED_AT_ANOTHER_LEVEL, id="and back"),
        pytest.param(CaseLevel.TOWNSHIP, [VERIFIED], [], Recusal.ACTED_AT_ANOTHER_LEVEL, id="a verifier reviews"),
        pytest.param(CaseLevel.COUNTY, [StepTaken(CaseLevel.TOWNSHIP, YOU)], [], None, id="somebody else did"),
        pytest.param(CaseLevel.COUNTY, [], [ME], Recusal.RELATIVE, id="a relative"),
        pytest.param(CaseLevel.VILLAGE, [APPRAISED], [YOU], None, id="somebody else's relative"),
    ],
)
def test_who_leaves_a_step_to_another(
    level: CaseLevel, taken: list[StepTaken], relatives: list[uuid.UUID], expected: Recusal | None
) -> None:
    assert recusal(ME, level, taken, relatives) is expected


@pytest.mark.parametrize(("taken", "expected"), [([VERIFIED], Recusal.VERIFIED_IT), ([APPRAISED], None), ([], None)])
def test_an_objection_is_answered_by_someone_other_than_the_verifiers(
    taken: list[StepTaken], expected: Recusal | None
) -> None:
    assert recusal(ME, CaseLevel.VILLAGE, taken, [], answers_objection=True) is expected


@pytest.mark.parametrize(
    ("visitors", "paired", "expected"),
    [
        ([ME], [], "SECOND_VERIFIER_MISSING"),
        ([ME, ME], [], "SECOND_VERIFIER_MISSING"),
        ([ME, YOU], [ME, YOU], "VERIFIER_NOT_PAIRED_MISSING"),
        ([ME, YOU], [ME], None),
        ([ME, YOU], [], None),
    ],
)
def test_two_verify_one_of_them_not_paired(
    visitors: list[uuid.UUID], paired: list[uuid.UUID], expected: str | None
) -> None:
    assert verifiers_problem(visitors, paired) == expected
