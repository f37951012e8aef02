"""One file per kind of deed; what a change of a family means for its clues is composed above the families' own actions."""

from domain.monitoring.actions.clues import raise_clue
from domain.monitoring.actions.families import change_members, merge_households, split_household
from domain.monitoring.actions.income import StatementRow, record_income_statement
from domain.monitoring.actions.signs import evaluate_households
from domain.monitoring.actions.verifying import verify_clue

__all__ = [
    "StatementRow",
    "change_members",
    "evaluate_households",
    "merge_households",
    "raise_clue",
    "record_income_statement",
    "split_household",
    "verify_clue",
]
