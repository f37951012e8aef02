"""What a phone keeps, in one SQLite file. Every change is one transaction: a phone is switched off at any moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Document = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS document (    -- what the server sent, as it sent it
  stream TEXT NOT NULL,                  -- households or visits
  id TEXT NOT NULL,
  content TEXT NOT NULL,                 -- JSON
  generation INTEGER NOT NULL,           -- of the snapshot that it came with, or after
  PRIMARY KEY (stream, id)
);
CREATE TABLE IF NOT EXISTS cursor (
  stream TEXT PRIMARY KEY,
  cursor TEXT,                           -- sent back as it came
  generation INTEGER NOT NULL,
  is_snapshot INTEGER NOT NULL           -- a snapshot has begun and not ended: older generations are still here
);
CREATE TABLE IF NOT EXISTS outbox (      -- everything that was typed here; no row is ever deleted by a sync
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                    -- VISIT or HOUSEHOLD
  id TEXT NOT NULL,                      -- of the visit; of the edited household
  content TEXT NOT NULL,                 -- JSON, exactly as it is sent
  state TEXT NOT NULL,                   -- typed, sent, acknowledged, deferred, refused, conflict
  errors TEXT NOT NULL DEFAULT '[]',     -- what the server said about it
  typed_at TEXT NOT NULL,
  acknowledged_at TEXT,
  is_seen INTEGER NOT NULL DEFAULT 0     -- acknowledged, and found again in what was pulled
);
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, kind);
CREATE TABLE IF NOT EXISTS vocabulary (  -- code lists and forms
  kind TEXT NOT NULL,                    -- lists or forms
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

OPEN = ("typed", "sent", "deferred")  # still to be settled by the server


@dataclass(frozen=True, slots=True)
class Item:
    """Something that was typed, and what became of it."""

    position: int
    kind: str
    id: str
    content: Document
    state: str
    errors: list[Document]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a stream stands."""

    cursor: str | None = None
    generation: int = 0
    is_snapshot: bool = False


class Store:
    """The phone's memory. It knows no network and no clock."""

    def __init__(self, file: Path | str = ":memory:") -> None:
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(f"PRAGMA journal_mode = WAL; {TABLES}")

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # --- documents ---------------------------------------------------------------------------------------------------

    def documents(self, stream: str) -> dict[str, Document]:
        rows = self.db.execute("SELECT id, content FROM document WHERE stream = ? ORDER BY id", (stream,))
        return {row["id"]: json.loads(row["content"]) for row in rows}

    def document(self, stream: str, id: str) -> Document | None:
        row = self.db.execute("SELECT content FROM document WHERE stream = ? AND id = ?", (stream, id)).fetchone()
        return None if row is None else json.loads(row["content"])

    def put(self, stream: str, documents: Sequence[Document], generation: int) -> None:
        """Keep what came; a tombstone takes away."""
        gone = [(stream, document["id"]) for document in documents if document["isDeleted"]]
        here = [
            (stream, document["id"], _text(document), generation) for document in documents if not document["isDeleted"]
        ]
        self.db.executemany("DELETE FROM document WHERE stream = ? AND id = ?", gone)
        self.db.executemany("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?)", here)

    def drop_older(self, stream: str, generation: int) -> int:
        """Take away what a finished snapshot lacked; answers how many."""
        older = (stream, generation)
        return self.db.execute("DELETE FROM document WHERE stream = ? AND generation < ?", older).rowcount

    def cursor(self, stream: str) -> Cursor:
        row = self.db.execute("SELECT * FROM cursor WHERE stream = ?", (stream,)).fetchone()
        return Cursor() if row is None else Cursor(row["cursor"], row["generation"], bool(row["is_snapshot"]))

    def move(self, stream: str, to: Cursor) -> None:
        row = (stream, to.cursor, to.generation, to.is_snapshot)
        self.db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)", row)

    # --- the outbox --------------------------------------------------------------------------------------------------

    def type(self, kind: str, id: str, content: Mapping[str, Any], at: datetime) -> int:
        """Keep what a person typed; its position in the outbox."""
        row = (kind, id, _text(content), at.isoformat())
        typed = "INSERT INTO outbox (kind, id, content, state, typed_at) VALUES (?, ?, ?, 'typed', ?)"
        position = self.db.execute(typed, row).lastrowid
        assert position is not None
        return position

    def items(self, kind: str | None = None, states: Sequence[str] = ()) -> list[Item]:
        """What was typed, in the order of typing."""
        marks = ", ".join("?" * len(states))
        where = f"(? IS NULL OR kind = ?) AND {f'state IN ({marks})' if states else 'true'}"
        rows = self.db.execute(f"SELECT * FROM outbox WHERE {where} ORDER BY position", (kind, kind, *states))  # noqa: S608
        return [_item(row) for row in rows]

    def settle(self, position: int, state: str, errors: Sequence[Any] = (), at: datetime | None = None) -> None:
        """What became of an item; `at` for an acknowledged one."""
        acknowledged_at = None if at is None else at.isoformat()
        row = (state, json.dumps(list(errors), ensure_ascii=False), acknowledged_at, position)
        self.db.execute(
            "UPDATE outbox SET state = ?, errors = ?, acknowledged_at = coalesce(?, acknowledged_at)"
            " WHERE position = ?",
            row,
        )

    def retype(self, position: int, content: Mapping[str, Any]) -> None:
        """A person mended an item that was refused."""
        mended = "UPDATE outbox SET content = ?, state = 'typed', errors = '[]' WHERE position = ?"
        self.db.execute(mended, (_text(content), position))

    def see(self, kind: str, ids: Sequence[str]) -> None:
        """These came in a pull: what was acknowledged of them has really arrived."""
        seen = "UPDATE outbox SET is_seen = 1 WHERE kind = ? AND id = ? AND state = 'acknowledged'"
        self.db.executemany(seen, [(kind, one) for one in ids])

    def unseen_edits(self) -> list[Item]:
        """Edits that the documents do not show yet: open ones, and acknowledged ones that no pull has brought back."""
        unseen = "SELECT * FROM outbox WHERE kind = 'HOUSEHOLD' AND (state IN (?, ?, ?) OR (state = ? AND NOT is_seen))"
        rows = self.db.execute(f"{unseen} ORDER BY position", (*OPEN, "acknowledged"))
        return [_item(row) for row in rows]

    def send_again(self, kind: str, since: datetime, *, seen_too: bool) -> int:
        """Acknowledged items go out once more; only those that no pull has shown, unless `seen_too`. How many."""
        # Marked as seen: of a second sending the answer is the last word, and nothing goes round in circles.
        again = (
            "UPDATE outbox SET state = 'typed', is_seen = 1 WHERE kind = ? AND state = 'acknowledged'"
            " AND acknowledged_at >= ? AND (? OR NOT is_seen)"
        )
        return self.db.execute(again, (kind, since.isoformat(), seen_too)).rowcount

    # --- lists, forms and small things -------------------------------------------------------------------------------

    def keep(self, kind: str, name: str, version: str, content: Mapping[str, Any]) -> None:
        self.db.execute("INSERT OR REPLACE INTO vocabulary VALUES (?, ?, ?, ?)", (kind, name, version, _text(content)))

    def newest(self, kind: str) -> str | None:
        """The greatest version of that kind: what the server is asked for changes since."""
        row = self.db.execute("SELECT max(version) AS version FROM vocabulary WHERE kind = ?", (kind,)).fetchone()
        version: str | None = row["version"]
        return version

    def kept(self, kind: str) -> dict[str, Document]:
        rows = self.db.execute("SELECT name, content FROM vocabulary WHERE kind = ? ORDER BY name", (kind,))
        return {row["name"]: json.loads(row["content"]) for row in rows}

    def remember(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    def recall(self, name: str, otherwise: Any = None) -> Any:
        row = self.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return otherwise if row is None else json.loads(row["value"])


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)


def _item(row: sqlite3.Row) -> Item:
    content, errors = json.loads(row["content"]), json.loads(row["errors"])
    return Item(row["position"], row["kind"], row["id"], content, row["state"], errors)
