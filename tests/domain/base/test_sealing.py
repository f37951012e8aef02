"""Sealing: what opens, what does not, and what a refusal says."""

from __future__ import annotations

import os
import uuid
from binascii import b2a_base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.base.sealed_fields import (
    SEALED,
    masked,
    masked_account,
    masked_helpers_phone,
    masked_phone,
    sealed,
    unsealed,
)
from domain.base.sealing import SEAL_BYTES, CannotOpen, Ring, UnknownKey, fingerprint, key_id, unwrapped, wrapped

OLD, NEW, INDEX = bytes(32), bytes([1] * 32), bytes([2] * 32)
RING = Ring({1: OLD}, 1, INDEX)
SOMEBODY, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PHONE = "person.phone"


@given(st.text(), st.uuids())
def test_what_was_sealed_opens_again_and_is_never_the_same_twice(value: str, row: uuid.UUID) -> None:
    envelope = RING.seal(PHONE, row, value)
    assert RING.unseal(PHONE, row, envelope) == value
    assert RING.told(f"{PHONE} {row} ".encode() + b2a_base64(envelope)) == value
    assert RING.seal(PHONE, row, value) != envelope
    assert len(envelope) == SEAL_BYTES + len(value.encode())


@pytest.mark.parametrize(
    ("place", "row"),
    [("person.phone", OTHER), ("household.phone", SOMEBODY), ("person.id_number", SOMEBODY)],
)
def test_an_envelope_that_was_moved_does_not_open(place: str, row: uuid.UUID) -> None:
    envelope = RING.seal(PHONE, SOMEBODY, "13812345678")
    with pytest.raises(CannotOpen, match=f"{place} of {row}|{place} {row}") as refusal:
        RING.unseal(place, row, envelope)
    assert "138" not in str(refusal.value)
    assert "key 1" in str(refusal.value)


@given(st.integers(min_value=0, max_value=SEAL_BYTES + 10), st.integers(min_value=1, max_value=255))
def test_an_envelope_that_was_touched_does_not_open(position: int, change: int) -> None:
    envelope = bytearray(RING.seal(PHONE, SOMEBODY, "13812345678"))
    envelope[position] ^= change
    with pytest.raises(CannotOpen):
        RING.unseal(PHONE, SOMEBODY, bytes(envelope))


@pytest.mark.parametrize("torn", [b"", b"\x01", b"13812345678", b"\x01\x00\x01" + bytes(27), b"\x02" + bytes(60)])
def test_what_is_no_envelope_is_refused_and_has_no_key(torn: bytes) -> None:
    assert key_id(torn) == 0
    with pytest.raises(UnknownKey):
        RING.unseal(PHONE, SOMEBODY, torn)


def test_a_key_that_is_not_there_is_named() -> None:
    envelope = Ring({7: NEW}, 7, INDEX).seal(PHONE, SOMEBODY, "13812345678")
    with pytest.raises(UnknownKey, match="key 7"):
        RING.unseal(PHONE, SOMEBODY, envelope)


def test_a_ring_that_learns_a_key_seals_with_it_and_opens_with_both() -> None:
    ring = Ring({1: OLD}, 1, INDEX)
    before = ring.seal(PHONE, SOMEBODY, "13812345678")
    ring.learn({1: OLD, 3: NEW}, 3)
    after = ring.seal(PHONE, SOMEBODY, "13812345678")
    assert (key_id(before), key_id(after)) == (1, 3)
    assert ring.unseal(PHONE, SOMEBODY, before) == ring.unseal(PHONE, SOMEBODY, after) == "13812345678"


def test_a_blind_index_is_the_same_for_the_same_value_of_the_same_field_only() -> None:
    index = RING.index("person.id_number", "999001198001010011")
    assert index == RING.index("person.id_number", "999001198001010011")
    others = (
        RING.index("person.id_number", "999001198001010038"),
        RING.index("person.phone", "999001198001010011"),
        Ring({1: OLD}, 1, NEW).index("person.id_number", "999001198001010011"),
        RING.mac("index", b"person.id_number", b"999001198001010011"),
    )
    assert index not in others
    assert RING.mac("a", b"b", b"c") != RING.mac("a", b"bc", b"")
    assert RING.keyed("00") != Ring({1: OLD}, 1, NEW).keyed("00")


def test_a_key_is_wrapped_for_one_id_one_purpose_and_one_master_key() -> None:
    master, other = os.urandom(32), os.urandom(32)
    kept = wrapped(master, 3, "FIELDS", NEW)
    assert unwrapped(master, 3, "FIELDS", kept) == NEW
    assert NEW not in kept
    for key, number, purpose, what in (
        (other, 3, "FIELDS", kept),
        (master, 4, "FIELDS", kept),
        (master, 3, "INDEX", kept),
        (master, 3, "FIELDS", kept[:-1]),
    ):
        with pytest.raises(CannotOpen, match=fingerprint(key)):
            unwrapped(key, number, purpose, what)


def test_a_row_is_sealed_field_by_field_and_nothing_else_of_it() -> None:
    given = {"name": "陈大山", "id_number": "999001198001010011", "phone": None}
    columns = sealed(RING, "person", SOMEBODY, given)
    assert columns.keys() == {
        "name",
        *(f"id_number_{part}" for part in ("sealed", "masked", "index")),
        *(f"phone_{part}" for part in ("sealed", "masked")),
    }
    assert (columns["name"], columns["id_number_masked"]) == ("陈大山", "99**************11")
    assert (columns["phone_sealed"], columns["phone_masked"]) == (None, None)
    assert RING.unseal("person.id_number", SOMEBODY, columns["id_number_sealed"]) == given["id_number"]
    assert sealed(RING, "person", SOMEBODY, {"id_number": None})["id_number_index"] is None


def test_a_row_that_was_sealed_opens_whole() -> None:
    class Row:
        id = SOMEBODY

    for name, value in sealed(RING, "household", SOMEBODY, {"phone": "059112345678", "bank_account": None}).items():
        setattr(Row, name, value)
    assert unsealed(RING, "household", Row) == {"phone": "059112345678", "bank_account": None}


@pytest.mark.parametrize(
    ("mask", "number", "seen"),
    [
        (masked_phone, "13812345678", "138****"),
        (masked_phone, "12", "12****"),
        (masked_helpers_phone, "13812345678", "138****5678"),
        (masked_helpers_phone, "12345678", "123****8"),
        (masked_helpers_phone, "1234567", "123****"),
        (masked_helpers_phone, "12", "12****"),
        (masked_account, "6217000012345678901", "****8901"),
        (masked_account, "1234567890", "****90"),
        (masked_account, "12345678", "****"),
    ],
)
def test_a_mask_tells_two_numbers_apart_and_no_more(mask: object, number: str, seen: str) -> None:
    assert callable(mask)
    assert mask(number) == seen


def test_what_is_told_on_of_a_sealed_field_is_its_mask() -> None:
    assert masked("person", "phone", "13812345678") == "138****"
    assert masked("person", "phone", None) is None
    assert masked("person", "name", "陈大山") == "陈大山"


def test_every_sealed_field_is_bound_to_its_own_place() -> None:
    places = [field.place for fields in SEALED.values() for field in fields.values()]
    assert places == [f"{table}.{name}" for table, fields in SEALED.items() for name in fields]
