"""What a viewer may do, as the app is told."""

from __future__ import annotations

import pytest

from domain.access.rules import GrantRole
from domain.accounts.rules import ADMINISTERS
from schema.permissions import WHO_MAY, permissions_of
from schema.root import catalogue
from tests.world import World


def test_every_mutation_says_who_may() -> None:
    mutations = catalogue().graphql.mutation_type
    assert mutations is not None
    assert sorted(WHO_MAY) == sorted(mutations.fields), "put the mutation into schema/permissions.py, WHO_MAY"


@pytest.mark.parametrize(
    ("roles", "may", "may_not"),
    [
        ({GrantRole.HELPER}, "submitVisits", "registerHousehold"),
        ({GrantRole.RESIDENT_TEAM}, "editHousehold", "moveHousehold"),
        ({GrantRole.VILLAGE_OFFICER}, "moveHousehold", "decideHouseholdMove"),
        ({GrantRole.VILLAGE_OFFICER, GrantRole.TOWNSHIP_OFFICER}, "decideHouseholdMove", None),
    ],
)
def test_roles_allow_what_the_rules_of_each_capability_say(
    roles: set[GrantRole], may: str, may_not: str | None
) -> None:
    assert may in permissions_of(roles)
    assert may_not not in permissions_of(roles)


def test_who_reads_traces_changes_nothing_and_who_runs_the_system_no_family() -> None:
    assert permissions_of({GrantRole.AUDITOR}) == []
    of_accounts = {name for name, may in WHO_MAY.items() if may is ADMINISTERS}
    of_webhooks = {"registerWebhook", "rotateWebhookSecret", "disableWebhook", "enableWebhook"}
    of_webhooks |= {"sendTestEvent", "redeliverEvent"}
    assert set(permissions_of({GrantRole.ADMINISTRATOR})) == of_accounts | of_webhooks
    assert "editHousehold" not in of_accounts


@pytest.mark.parametrize(
    ("persona", "role"),
    [("cadre", GrantRole.HELPER), ("township_officer", GrantRole.TOWNSHIP_OFFICER), ("auditor", GrantRole.AUDITOR)],
)
async def test_the_viewer_is_told_the_same(reading_world: World, persona: str, role: GrantRole) -> None:
    viewer = (await reading_world.ask(persona, "{ viewer { permissions } }"))["viewer"]
    assert viewer == {"permissions": permissions_of({role})}
