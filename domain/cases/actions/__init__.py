"""One file per part of the procedure; what a change of a family means for its case is composed above (families.py)."""

from domain.cases.actions.comparison import (
    Authorisation,
    answer_comparison,
    conclude_comparison,
    explain_hit,
    request_comparison,
)
from domain.cases.actions.deciding import announce_result, confirm_national_entry, decide_at_county
from domain.cases.actions.eliminating import approve_category_change, decide_category_change, propose_elimination
from domain.cases.actions.families import (
    change_members,
    decide_move,
    merge_households,
    move_household,
    split_household,
)
from domain.cases.actions.kinship import declare_kinship
from domain.cases.actions.objections import record_objection, resolve_objection
from domain.cases.actions.opening import open_monitoring_case
from domain.cases.actions.publishing import publish_notice, record_appraisal
from domain.cases.actions.reviewing import Review, review_at_township, review_cases_at_township

__all__ = [
    "Authorisation",
    "Review",
    "announce_result",
    "answer_comparison",
    "approve_category_change",
    "change_members",
    "conclude_comparison",
    "confirm_national_entry",
    "decide_at_county",
    "decide_category_change",
    "decide_move",
    "declare_kinship",
    "explain_hit",
    "merge_households",
    "move_household",
    "open_monitoring_case",
    "propose_elimination",
    "publish_notice",
    "record_appraisal",
    "record_objection",
    "request_comparison",
    "resolve_objection",
    "review_at_township",
    "review_cases_at_township",
    "split_household",
]
