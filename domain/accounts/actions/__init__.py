"""What an administrator does: accounts and grants (people.py), clients of programs (clients.py)."""

from domain.accounts.actions.clients import create_client, disable_client, rotate_client_secret
from domain.accounts.actions.people import (
    create_account,
    disable_account,
    enable_account,
    end_grant,
    grant_role,
    name_deputy,
)

__all__ = [
    "create_account",
    "create_client",
    "disable_account",
    "disable_client",
    "enable_account",
    "end_grant",
    "grant_role",
    "name_deputy",
    "rotate_client_secret",
]
