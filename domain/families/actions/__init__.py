"""One file per kind of change; each action is one transaction's work, told from top to bottom."""

from domain.families.actions.edit import MemberEdit, edit_household
from domain.families.actions.members import Joining, Leaving, change_members
from domain.families.actions.merge import merge_households
from domain.families.actions.move import decide_move, move_household, withdraw_move
from domain.families.actions.register import register_household
from domain.families.actions.reveal import reveal_identity
from domain.families.actions.split import Moving, split_household

__all__ = [
    "Joining",
    "Leaving",
    "MemberEdit",
    "Moving",
    "change_members",
    "decide_move",
    "edit_household",
    "merge_households",
    "move_household",
    "register_household",
    "reveal_identity",
    "split_household",
    "withdraw_move",
]
