"""Every rule names the sentence that demands it, and what is said to be a source's is in the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.duties.queries import KINDS
from domain.duties.rules import DEMANDS, DutyRule
from domain.policy import rules as policy
from domain.policy.rules import PolicyBasis

DOCUMENTS = Path(policy.__file__).parent / "data" / "documents"


@pytest.mark.parametrize("rule", DutyRule)
def test_every_rule_has_its_expression_its_level_and_its_sentence(rule: DutyRule) -> None:
    demand = DEMANDS[rule]
    assert rule in KINDS
    assert demand.levels
    assert demand.sentence.strip()


@pytest.mark.parametrize("rule", [rule for rule in DutyRule if DEMANDS[rule].basis is PolicyBasis.SOURCE])
def test_a_sources_sentence_is_in_a_source(rule: DutyRule) -> None:
    texts = [one.read_text(encoding="utf-8") for one in DOCUMENTS.glob("*.txt")]
    assert any(DEMANDS[rule].sentence in text for text in texts), rule
