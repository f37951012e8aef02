"""A server that was put back to an older copy, and phones whose clocks are wrong."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from mobile_contract.client import pulling
from mobile_contract.client.network import Fault
from mobile_contract.client.wire import Unreachable
from tests.mobile_contract.fake import NOW
from tests.mobile_contract.phones import a_phone, a_village, a_visit


async def test_after_a_restore_what_was_acknowledged_is_there_again_and_what_never_was_is_gone() -> None:
    server = a_village()
    phone = a_phone(server)
    await phone.sync()
    backup = copy.deepcopy(server)
    server.put("households", "h0007", address="昨天建档，备份里没有")
    id = phone.visit(a_visit())
    phone.edit("h0000", {"address": "新址"})
    await phone.sync()
    assert "h0007" in phone.households()

    backup.history = "b"
    phone.server.send.send = backup.send  # type: ignore[attr-defined]
    synced = await phone.sync()

    assert synced.sent_again == 2
    assert synced.dropped >= 1
    assert phone.households() == backup.documents["households"]
    assert backup.documents["households"]["h0000"]["address"] == "新址"
    assert list(phone.visits()) == list(backup.documents["visits"]) == [id]
    assert (await phone.sync()).sent_again == 0, "nothing goes round in circles"


async def test_what_a_restore_lost_before_any_pull_showed_it_is_sent_again_though_the_cursor_still_holds() -> None:
    server = a_village()
    phone = a_phone(server, [Fault.NONE] * 4 + [Fault.LOST] * 5)
    id = phone.visit(a_visit())
    backup = copy.deepcopy(server)
    with pytest.raises(Unreachable):
        await phone.sync()
    assert [item.state for item in phone.outbox()] == ["acknowledged"]

    phone.server.send.send = backup.send  # type: ignore[attr-defined]
    await phone.sync()

    assert list(backup.documents["visits"]) == [id]


async def test_a_reset_that_is_cut_is_finished_later_and_nothing_is_sent_again_too_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulling, "PAGE", 1)
    server = a_village(3)
    phone = a_phone(server)
    phone.visit(a_visit())
    await phone.sync()
    server.take("households", "h0002")
    server.history = "b"
    phone.server.send.faults = iter([Fault.NONE] * 3 + [Fault.LOST] * 5)  # type: ignore[attr-defined]

    with pytest.raises(Unreachable):
        await phone.sync()
    assert len(phone.households()) == 3, "until the snapshot is whole, the old documents stay readable"
    synced = await phone.sync()

    assert list(phone.households()) == ["h0000", "h0001"]
    assert synced.dropped == 1
    assert synced.sent_again >= 1


async def test_what_was_acknowledged_long_ago_is_not_sent_again() -> None:
    server = a_village()
    phone = a_phone(server)
    phone.visit(a_visit())
    await phone.sync()
    server.history = "b"

    phone.clock = lambda: NOW + timedelta(days=31)
    synced = await phone.sync()

    assert synced.sent_again == 0


async def test_a_server_that_always_resets_does_not_keep_the_phone_busy_for_ever() -> None:
    server = a_village(3)
    phone = a_phone(server)
    page = server.page

    def always(stream: str, checkpoint: object, limit: int) -> dict[str, object]:
        return page(stream, None, 1) | {"isReset": True}

    server.page = always  # type: ignore[assignment, method-assign]

    await phone.sync()

    assert server.asked.count("SyncHouseholds") <= 3 * 3


# --- clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "off_by", "stamped"),
    [
        ("a good clock", timedelta(0), NOW),
        ("a year ahead: the future is refused, so it steps back", timedelta(days=365), NOW),
        ("a year behind: a visit may not be later than sentAt", timedelta(days=-365), NOW - timedelta(days=365)),
    ],
)
async def test_a_phone_learns_how_wrong_its_clock_is(reason: str, off_by: timedelta, stamped: object) -> None:
    phone = a_phone(a_village(), now=NOW + off_by)

    await phone.sync()

    assert phone.store.recall("skew seconds") == off_by.total_seconds(), reason
    assert phone.stamp() == stamped.isoformat(), reason  # type: ignore[attr-defined]
