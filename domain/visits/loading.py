"""The forms that ship with the program (data/forms/*.json) come into the database at every start."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from domain.base.models import namespace_id
from domain.visits.forms import read_questions

FORMS = Path(__file__).parent / "data" / "forms"

_INSERT = """
INSERT INTO survey_form (id, version, code, title_zh, title_en, questions, published_on, retired_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id, version) DO UPDATE SET retired_on = excluded.retired_on, changed_at = now()
WHERE survey_form.retired_on IS DISTINCT FROM excluded.retired_on
"""


async def load_forms(connection: asyncpg.Connection, folder: Path = FORMS) -> None:
    """Publish what is new. A published version never changes but for its retirement: visits answered these questions.

    The connection belongs to a superuser, ruhu_machine or ruhu_owner. Safe to repeat. Raises ValueError where a file
    contradicts itself, or what was published under its version.
    """
    for form in read_forms(folder):
        form_id = namespace_id(f"survey form {form['code']}")
        published = await connection.fetchval(
            "SELECT questions FROM survey_form WHERE id = $1 AND version = $2", form_id, form["version"]
        )
        if published is not None and json.loads(published) != form["questions"]:
            raise ValueError(f"{form['code']} version {form['version']} is published: give the change a new version")
        await connection.execute(
            _INSERT,
            form_id,
            form["version"],
            form["code"],
            form["title"]["zh"],
            form["title"]["en"],
            json.dumps(form["questions"], ensure_ascii=False),
            date.fromisoformat(form["publishedOn"]),
            date.fromisoformat(form["retiredOn"]) if form.get("retiredOn") else None,
        )


def read_forms(folder: Path = FORMS) -> Iterator[Mapping[str, Any]]:
    """The forms of a folder, one version per file, each checked as a whole."""
    for file in sorted(folder.glob("*.json")):
        form: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        read_questions(form["questions"])
        yield form
