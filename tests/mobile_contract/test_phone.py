"""A phone against a server in memory: what it keeps, what it sends, and what it does about answers that go wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mobile_contract.client import pulling
from mobile_contract.client.network import Fault
from mobile_contract.client.wire import NotUnderstood, Unreachable
from tests.mobile_contract.fake import NOW, an_answer, user_error
from tests.mobile_contract.phones import a_phone, a_village, a_visit


async def test_the_first_sync_brings_families_lists_and_forms() -> None:
    phone = a_phone(a_village(3))

    synced = await phone.sync()

    assert (synced.pulled["households"], list(phone.households())) == (3, ["h0000", "h0001", "h0002"])
    assert set(phone.store.kept("lists")) == {"sex"}
    assert set(phone.store.kept("forms")) == {"f 1"}


async def test_an_offline_visit_goes_out_with_the_next_sync_and_comes_back_as_a_document() -> None:
    server = a_village()
    phone = a_phone(server)
    await phone.sync()

    id = phone.visit(a_visit(note="门口的桥断了"))
    assert phone.visits() == {}
    await phone.sync()

    assert phone.visits()[id]["note"] == "门口的桥断了"
    assert [item.state for item in phone.outbox()] == ["acknowledged"]


async def test_every_state_that_an_item_can_come_to() -> None:
    server = a_village()
    phone, other = a_phone(server), a_phone(server)
    taken = other.visit(a_visit(note="第一份"))
    await other.sync()
    phone.visit(a_visit())
    phone.visit(a_visit(note="refuse me"))
    phone.visit(a_visit("h9999"))
    phone.visit(a_visit(id=taken, note="另一份"))

    synced = await phone.sync()

    assert [item.state for item in phone.outbox()] == ["acknowledged", "refused", "deferred", "conflict"]
    assert synced.pushed == {"acknowledged": 1, "refused": 1, "deferred": 1, "conflict": 1}


async def test_a_deferred_visit_is_offered_again_and_a_refused_one_is_not_until_it_is_mended() -> None:
    server = a_village()
    phone = a_phone(server)
    phone.visit(a_visit("h9999"))
    phone.visit(a_visit(note="refuse me"))
    await phone.sync()
    server.put("households", "h9999", address="新来的")

    await phone.sync()
    assert [item.state for item in phone.outbox()] == ["acknowledged", "refused"]

    [refused] = phone.outbox("refused")
    phone.mend(refused, refused.content | {"note": "改好了"})
    await phone.sync()
    assert [item.state for item in phone.outbox()] == ["acknowledged", "acknowledged"]
    with pytest.raises(ValueError, match="only what was refused"):
        phone.mend(phone.outbox()[0], {})


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
async def test_one_fault_at_any_request_changes_nothing_in_the_end(fault: Fault) -> None:
    for before in range(8):
        server = a_village()
        phone = a_phone(server, [Fault.NONE] * before + [fault])
        id = phone.visit(a_visit())

        await phone.sync()
        phone.edit("h0001", {"address": "新址"})
        await phone.sync()

        assert [item.state for item in phone.outbox()] == ["acknowledged", "acknowledged"]
        assert (list(phone.visits()), server.feed["visits"]) == ([id], [id])
        assert phone.households() == server.documents["households"]


async def test_a_dead_network_ends_the_sync_and_loses_nothing(tmp_path: Path) -> None:
    server = a_village()
    phone = a_phone(server, [Fault.NONE] * 2 + [Fault.UNANSWERED] * 5, file=tmp_path / "phone.db")
    phone.visit(a_visit())

    with pytest.raises(Unreachable):
        await phone.sync()
    assert [item.state for item in phone.outbox()] == ["sent"]
    phone.store.close()

    switched_on_again = a_phone(server, file=tmp_path / "phone.db")
    await switched_on_again.sync()
    assert [item.state for item in switched_on_again.outbox()] == ["acknowledged"]
    assert len(server.feed["visits"]) == 1


async def test_batches_shrink_until_they_get_through() -> None:
    server = a_village()
    server.greatest_batch = 7
    phone = a_phone(server)
    for _ in range(30):
        phone.visit(a_visit())

    await phone.sync()

    assert {item.state for item in phone.outbox()} == {"acknowledged"}
    assert server.asked.count("SubmitVisits") == 7, "30 and 15 are too many; then four times 7, and 2"


async def test_a_visit_that_is_too_large_alone_is_refused_and_holds_nobody_up() -> None:
    server = a_village()
    phone = a_phone(server)

    async def small_doors(body: bytes, headers: object) -> object:
        return an_answer({}, 413) if len(body) > 20_000 else await server.send(body, headers)  # type: ignore[arg-type]

    phone.server.send = small_doors  # type: ignore[assignment]
    phone.visit(a_visit(note="长" * 10_000))
    phone.visit(a_visit(note="短"))

    await phone.sync()

    assert [item.state for item in phone.outbox()] == ["refused", "acknowledged"]
    assert phone.outbox("refused")[0].errors[0]["code"] == "BODY_TOO_LARGE"


async def test_a_visit_over_which_the_server_stumbles_waits_and_holds_nobody_up() -> None:
    server = a_village()
    phone = a_phone(server)

    async def stumbling(body: bytes, headers: object) -> object:
        stumbles = b"stumble" in body
        internal = {"data": None, "errors": [{"message": "!", "extensions": {"code": "INTERNAL"}}]}
        return an_answer(internal) if stumbles else await server.send(body, headers)  # type: ignore[arg-type]

    phone.server.send = stumbling  # type: ignore[assignment]
    for note in ("一", "stumble", "三", "四"):
        phone.visit(a_visit(note=note))

    await phone.sync()

    assert [item.state for item in phone.outbox()] == ["acknowledged", "sent", "acknowledged", "acknowledged"]


async def test_a_value_of_a_wrong_kind_is_found_in_its_batch_and_refused_alone() -> None:
    server = a_village()
    phone = a_phone(server)

    async def strict(body: bytes, headers: object) -> object:
        bad_input = {"errors": [{"message": "Int cannot represent", "extensions": {"code": "BAD_USER_INPUT"}}]}
        return an_answer(bad_input) if b'"two"' in body else await server.send(body, headers)  # type: ignore[arg-type]

    phone.server.send = strict  # type: ignore[assignment]
    for version in (1, 1, "two", 1, 1):
        phone.visit(a_visit(formVersion=version))

    await phone.sync()

    assert [item.state for item in phone.outbox()] == ["acknowledged"] * 2 + ["refused"] + ["acknowledged"] * 2
    assert phone.outbox("refused")[0].errors[0]["message"] == "Int cannot represent"


async def test_what_the_server_refuses_as_a_whole_is_refused_at_once_for_all() -> None:
    server = a_village()
    phone = a_phone(server)
    errors = [user_error("FORBIDDEN_ROLE", "input")]
    server.SubmitVisits = lambda visits, sentAt: {"submitVisits": {"results": [], "errors": errors}}  # type: ignore[method-assign]
    for _ in range(5):
        phone.visit(a_visit())

    await phone.sync()

    assert [item.errors for item in phone.outbox("refused")] == [errors] * 5
    assert server.asked.count("SubmitVisits") == 1


async def test_an_app_that_is_too_old_stops_and_keeps_what_was_typed() -> None:
    server = a_village()
    server.lowest_level = 2
    phone = a_phone(server)
    phone.visit(a_visit())

    with pytest.raises(NotUnderstood, match="update it"):
        await phone.sync()
    assert [item.state for item in phone.outbox()] == ["typed"]


async def test_pages_go_on_where_a_cut_pull_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "PAGE", 10)
    server = a_village(35)
    phone = a_phone(server, [Fault.NONE] * 4 + [Fault.LOST] * 5)

    with pytest.raises(Unreachable):
        await phone.sync()
    assert len(phone.households()) == 20
    asked = len(server.asked)
    await phone.sync()

    assert phone.households() == server.documents["households"]
    assert server.asked[asked:].count("SyncHouseholds") == 2


async def test_a_tombstone_takes_the_family_away_and_leaves_what_was_typed() -> None:
    server = a_village()
    phone = a_phone(server)
    await phone.sync()
    phone.edit("h0001", {"address": "新址"})
    server.take("households", "h0001")

    await phone.sync()

    assert "h0001" not in phone.households()
    [item] = phone.outbox()
    assert (item.state, item.content["newDocumentState"]["address"]) == ("refused", "新址")


async def test_an_edit_shows_at_once_and_the_next_is_based_on_it() -> None:
    server = a_village()
    phone = a_phone(server)
    await phone.sync()

    phone.edit("h0000", {"address": "新址"})
    phone.edit("h0000", {"address": "再新址"})
    assert phone.household("h0000")["address"] == "再新址"
    await phone.sync()

    assert [item.state for item in phone.outbox()] == ["acknowledged", "acknowledged"]
    assert server.documents["households"]["h0000"]["address"] == "再新址"
    assert server.asked.count("PushHouseholds") == 2, "two edits of one family never go in one request"


async def test_an_edit_to_and_fro_and_to_again_is_three_edits() -> None:
    server = a_village()
    phone = a_phone(server)
    await phone.sync()

    for minute, address in enumerate(("新址", "旧址", "新址")):
        phone.clock = lambda minute=minute: NOW + timedelta(minutes=minute)  # type: ignore[misc]
        phone.edit("h0000", {"address": address})
    await phone.sync()

    assert server.documents["households"]["h0000"]["address"] == "新址"


async def test_of_two_edits_of_one_field_the_second_is_a_conflict_and_both_families_show_the_truth() -> None:
    server = a_village()
    phone, other = a_phone(server), a_phone(server)
    await phone.sync()
    await other.sync()
    phone.edit("h0000", {"address": "甲"})
    other.edit("h0000", {"address": "乙", "phone": "1391111"})

    await phone.sync()
    await other.sync()

    assert [item.state for item in other.outbox()] == ["conflict"]
    assert other.household("h0000")["address"] == "甲"
    [item] = other.outbox("conflict")
    other.mend(item, {**item.content, "assumedMasterState": other.household("h0000")})
    await other.sync()
    assert server.documents["households"]["h0000"]["address"] == "乙"
