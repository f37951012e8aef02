"""The table of scalars: how each looks in SQL, and how Python writes and reads the same value.

The columns of this table must agree: SQL is what clients get from planned fields, Python is what ordinary
resolvers give (strawberry_scalars()) and what bind parameters take.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import orjson
from graphql import GraphQLEnumType
from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Enum, Float, Integer, Numeric, Text, Uuid
from sqlalchemy.types import TypeEngine

from .errors import refused
from .sql import Joined, Raw, Ref, Sql, coalesced, escaped

# Raw control characters never stand in valid JSON, so two of them can bracket "Python must finish this". A response
# is searched for the first one (a memchr); only where it is found does Python parse (finish.py).
OPEN, CLOSE = "\x01", "\x02"


def unfinished(kind: str, detail: str, *values: Sql) -> Sql:
    """Text that stands where Python must put the value: kind, detail and JSON texts, an array in brackets."""
    parts: list[str | Sql] = [Raw("E'\\x01'"), f'"{kind}","{detail}"']
    for value in values:
        parts += [",", coalesced(value, "null")]
    return Raw("(", Joined([*parts, Raw("E'\\x02'")]), ")")


# Two more bracket sealed text, which is opened in the bytes themselves: thousands of telephones in a phone's documents
# must not cost a parse of all the rest.
SEALED, SEALED_END = "\x03", "\x04"


def to_be_opened(sealed: Sql, *, is_json: bool) -> Sql:
    """Text that stands where the opened one goes: as a JSON string, or as the JSON that it is."""
    return Joined([Raw(f"E'\\x03{'j' if is_json else 't'}'"), sealed, Raw("E'\\x04'")])


# --- SQL -> JSON text ----------------------------------------------------------------------------


def as_text(value: Sql) -> Sql:
    return Raw("CAST(", value, " AS TEXT)")


def in_quotes(value: Sql) -> Sql:
    """For types whose text has nothing to escape."""
    return Joined(['"', as_text(value), '"'])


def as_json(value: Sql) -> Sql:
    return Raw("CAST(to_json(", value, ") AS TEXT)")


def as_string(value: Sql) -> Sql:
    """A column of any type whose text is its value: to_json would write a number without quotes."""
    return as_json(value if isinstance(value.type, Text) else as_text(value))


def boolean(value: Sql) -> Sql:
    return Raw("CASE (", value, ") WHEN true THEN 'true' WHEN false THEN 'false' END")


def once(value: Sql, render: Callable[[Sql], Sql]) -> Sql:
    """For renderings that name their value more than once: a subquery would run as often. OFFSET keeps it apart."""
    if isinstance(value, Ref):
        return render(value)
    return Raw("(SELECT ", render(Raw("i.v", sql_type=value.type)), " FROM (SELECT ", value, " AS v OFFSET 0) AS i)")


def integer(value: Sql) -> Sql:
    """GraphQL's Int has 32 bits; PostgreSQL's counts and sums have 64, whatever SQLAlchemy calls their type."""
    if isinstance(value, Ref) and not isinstance(value.type, BigInteger | Numeric):
        return as_text(value)
    wrong = unfinished("wrong", "cannot represent a number of more than 32 bits")
    fits = " BETWEEN -2147483648 AND 2147483647 THEN "
    return once(
        value, lambda v: Raw("CASE WHEN ", v, fits, as_text(v), " WHEN ", v, " IS NOT NULL THEN ", wrong, " END")
    )


def finite(render: Callable[[Sql], Sql], sql_type: str) -> Callable[[Sql], Sql]:
    odd = ", ".join(f"'{word}'::{sql_type}" for word in ("NaN", "Infinity", "-Infinity"))
    wrong = unfinished("wrong", "cannot represent a number that is not finite")
    return lambda value: once(
        value, lambda v: Raw("CASE WHEN ", v, f" IN ({odd}) THEN ", wrong, " ELSE ", render(v), " END")
    )


def instant(value: Sql) -> Sql:
    """Always UTC with its offset written out, whatever the session's time zone."""
    return Joined([Raw("rtrim(CAST(to_json(timezone('UTC', ", value, ")) AS TEXT), '\"')"), '+00:00"'])


# --- Python -> JSON value ------------------------------------------------------------------------


def same(value: Any) -> Any:
    return value


def python_instant(value: datetime) -> str:
    text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "+00:00"


def python_decimal(value: Decimal) -> str:
    return format(value, "f")


def python_date(value: date) -> str:
    return value.isoformat()


# --- argument -> bind value ----------------------------------------------------------------------


def to_uuid(value: Any) -> uuid.UUID | None:
    """An id that is not one of ours is simply not found."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def to_text(value: Any) -> str | None:
    """PostgreSQL's text holds no NUL, and nothing that UTF-8 cannot write."""
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None:
        return None
    text = str(value)
    if "\0" in text:
        raise refused("Text must not contain the character NUL (U+0000).")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise refused("Text must not contain half of a surrogate pair.") from None
    return text


def to_number(value: Any) -> Decimal | None:
    if value is None:
        return None
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        raise refused("A number must be finite.")
    return number


def to_instant(value: Any) -> datetime | None:
    """asyncpg would read an instant without an offset in the server's own time zone."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise refused("An instant needs its offset, like 2026-01-31T08:00:00+08:00.")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise refused("This instant is out of range.") from None


def to_json_text(value: Any) -> str | None:
    if value is None:
        return None
    text = orjson.dumps(value).decode()
    if "\\u0000" in text:
        to_text_everywhere(value)
    return text


def to_text_everywhere(value: Any) -> None:
    """Looks for the NUL that JSON text showed: `\\u0000` may also be a backslash and letters."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        to_text_everywhere(inner)
    for text in (value,) if isinstance(value, str) else value if isinstance(value, dict) else ():
        to_text(text)


def receiver(sql_type: TypeEngine[Any]) -> Callable[[Any], Any]:
    """What turns a coerced argument into what asyncpg takes for a parameter of this type."""
    if isinstance(sql_type, Uuid):
        return to_uuid
    if isinstance(sql_type, Float):
        return lambda value: None if value is None else float(value)
    if isinstance(sql_type, Numeric):
        return to_number
    if isinstance(sql_type, Integer):
        return to_integer
    if isinstance(sql_type, DateTime) and sql_type.timezone:
        return to_instant
    if isinstance(sql_type, JSON):
        return to_json_text
    return same if isinstance(sql_type, Boolean | Date | DateTime) else to_text


def to_integer(value: Any) -> int | None:
    """From an Int, or from an ID where the key is a number; an id that is none is not found."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return None


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Codec:
    """One scalar: the SQL type of a parameter, SQL value -> text that is JSON, Python value -> JSON value."""

    sql_type: TypeEngine[Any]
    render: Callable[[Sql], Sql]
    serialize: Callable[[Any], Any] = same
    python_types: tuple[type, ...] = ()  # of the columns it may show; empty: any


def text_codec() -> Codec:
    """For a scalar of the author's own that is text in SQL."""
    return Codec(Text(), as_string, same, (str,))


SCALARS: dict[str, Codec] = {
    "Int": Codec(Integer(), integer, same, (int,)),
    "Float": Codec(Float(53), finite(as_text, "float8"), float, (float,)),
    "Boolean": Codec(Boolean(), boolean, same, (bool,)),
    "String": Codec(Text(), as_string, same, (str,)),
    "ID": Codec(Uuid(), in_quotes, str, (uuid.UUID, str, int)),
    "UUID": Codec(Uuid(), in_quotes, str, (uuid.UUID,)),
    "Date": Codec(Date(), in_quotes, python_date, (date,)),
    "DateTime": Codec(DateTime(timezone=True), instant, python_instant, (datetime,)),
    "Decimal": Codec(Numeric(), finite(in_quotes, "numeric"), python_decimal, (Decimal, int)),
    "JSON": Codec(JSON(), as_text, same, (dict, list)),
}


def python_enum(graphql_type: GraphQLEnumType) -> Any:
    """The Python enum that strawberry keeps behind the GraphQL one."""
    return cast(Any, graphql_type).wrapped_cls


def stored_texts(graphql_type: GraphQLEnumType, sql_type: Any) -> dict[Any, str]:
    """How a column of this type stores each member: SQLAlchemy's own words for an Enum, else the member's value."""
    members = {name: python_enum(graphql_type)[name] for name in _member_names(graphql_type)}
    if isinstance(sql_type, Enum) and sql_type.enum_class is not None:
        own = [n for n, m in sql_type.enum_class.__members__.items() if n == m.name]
        stored = dict(zip(own, sql_type.enums, strict=True))
        return {member: stored[member.name] for member in members.values() if member.name in stored}
    return {member: str(member.value) for member in members.values()}


def _member_names(graphql_type: GraphQLEnumType) -> list[str]:
    by_value = {id(m.value): n for n, m in python_enum(graphql_type).__members__.items()}
    return [by_value[id(value.value)] for value in graphql_type.values.values()]


def enum_codec(graphql_type: GraphQLEnumType) -> Codec:
    named = dict(zip(_member_names(graphql_type), graphql_type.values, strict=True))

    def render(value: Sql) -> Sql:
        texts = {stored: named[member.name] for member, stored in stored_texts(graphql_type, value.type).items()}
        if all(stored == name for stored, name in texts.items()) and isinstance(value.type, Enum):
            return in_quotes(value)
        # A text that is no member must not leave as if it were one.
        wrong = unfinished("wrong", "does not know this value")
        pieces: list[str | Sql] = ["CASE ", as_text(value)]
        pieces += [
            f" WHEN {escaped(stored)} THEN {escaped(chr(34) + name + chr(34))}" for stored, name in texts.items()
        ]
        return Raw(*pieces, " ELSE CASE WHEN (", value, ") IS NOT NULL THEN ", wrong, " END END")

    return Codec(Text(), render, lambda member: named[member.name])
