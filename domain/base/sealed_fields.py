"""Which columns are sealed (加密字段), and what of each is shown instead. Pure.

A sealed field `phone` of a table stands in two columns: `phone_sealed`, its envelope, and `phone_masked`, the text for
everybody who need not know it. A field that is looked up has a third, `id_number_index`. All three are null together.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.base.chinese_ids import masked_id_number
from domain.base.sealing import Ring


@dataclass(frozen=True, slots=True)
class SealedField:
    """A column of personal numbers. `place` is what its envelopes are bound to, beside the row."""

    place: str
    mask: Callable[[str], str]
    is_indexed: bool = False


def masked_phone(number: str) -> str:
    """A family's telephone: the first three places."""
    return number[:3] + "****"


def masked_helpers_phone(number: str) -> str:
    """What tells two helpers' numbers apart: 138****5678, and less of short ones."""
    end = min(4, max(0, len(number) - 7))
    return f"{number[:3]}****{number[len(number) - end :]}"


def masked_account(number: str) -> str:
    """A bank account: the last four places, by which people tell their cards apart; of short ones fewer."""
    end = min(4, max(0, len(number) - 8))
    return "****" + number[len(number) - end :]


ID_NUMBER: Final = "person.id_number"
SECOND_FACTOR: Final = "credential.totp"
CONTENT: Final = "submission.content"  # a family's document as a phone sent it, sealed as a whole

# Of both columns: at a rotation the envelope moves from one to the other as it is.
WEBHOOK_SECRET: Final = "webhook_endpoint.secret"  # noqa: S105 - a place, no secret
UPLOAD: Final = "department_upload.content"  # a department's file, until it has been read
TRACE_KEY: Final = "trace_key.wrapped"  # the key of a household's changes in the trace

Fields = Mapping[str, SealedField]
SEALED: Final[Mapping[str, Fields]] = {
    "person": {
        "id_number": SealedField(ID_NUMBER, masked_id_number, is_indexed=True),
        "disability_certificate": SealedField("person.disability_certificate", masked_id_number),
        "phone": SealedField("person.phone", masked_phone),
    },
    "household": {
        "phone": SealedField("household.phone", masked_phone),
        "bank_account": SealedField("household.bank_account", masked_account),
    },
    "helper": {"phone": SealedField("helper.phone", masked_helpers_phone)},
    "organisation": {"phone": SealedField("organisation.phone", masked_helpers_phone)},
    "hardship_report": {
        "id_number": SealedField("hardship_report.id_number", masked_id_number),
        "phone": SealedField("hardship_report.phone", masked_phone, is_indexed=True),
    },
    "department_list_row": {
        "id_number": SealedField("department_list_row.id_number", masked_id_number),
        "phone": SealedField("department_list_row.phone", masked_phone),
    },
}


def envelopes() -> Iterator[tuple[str, str, str, str]]:
    """Table, its key, column and place of everything that stands sealed."""
    for table, fields in SEALED.items():
        yield from ((table, "id", f"{name}_sealed", field.place) for name, field in fields.items())
    yield "submission", "id", "content_sealed", CONTENT
    yield "department_upload", "id", "content_sealed", UPLOAD
    yield "credential", "account_id", "totp_sealed", SECOND_FACTOR
    yield "trace_key", "id", "wrapped", TRACE_KEY
    yield "webhook_endpoint", "id", "secret_sealed", WEBHOOK_SECRET
    yield "webhook_endpoint", "id", "old_secret_sealed", WEBHOOK_SECRET


def sealed(ring: Ring, table: str, row: uuid.UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """These values as columns: sealed fields in the form that is kept, all others as they are."""
    fields, columns = SEALED[table], {}
    for name, value in values.items():
        if (field := fields.get(name)) is None:
            columns[name] = value
            continue
        columns[f"{name}_sealed"] = None if value is None else ring.seal(field.place, row, value)
        columns[f"{name}_masked"] = None if value is None else field.mask(value)
        if field.is_indexed:
            columns[f"{name}_index"] = None if value is None else ring.index(field.place, value)
    return columns


def unsealed(ring: Ring, table: str, kept: Any) -> dict[str, str | None]:
    """The values of all sealed fields of a row, which has `id` and the sealed columns. Raises CannotOpen."""
    found: dict[str, str | None] = {}
    for name, field in SEALED[table].items():
        envelope: bytes | None = getattr(kept, f"{name}_sealed")
        found[name] = None if envelope is None else ring.unseal(field.place, kept.id, envelope)
    return found


def masked(table: str, name: str, value: Any) -> Any:
    """What of a value may be told on: of a sealed field its mask, else the value."""
    field = SEALED[table].get(name)
    return value if field is None or value is None else field.mask(str(value))
