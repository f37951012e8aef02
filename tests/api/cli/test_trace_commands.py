"""`./ruhu audit verify` and `head`, as an auditor types them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from api.notary import TraceKey
from domain.audit.blocks import seal
from tests.api.cli.test_sign_in_commands import typed
from tests.domain.actors import app_sessions
from tests.world import World

NUMBER = "3501001990010" + "10018"  # of nobody
LOOK = f'{{ householdByIdNumber(idNumber: "{NUMBER}") {{ id }} }}'


async def test_an_auditor_verifies_the_trace_and_finds_what_was_altered(world: World, tmp_path: Path) -> None:
    url = str(world.settings.database_url)
    environment = {"RUHU_DATABASE_URL": url, "RUHU_DATA_DIR": str(tmp_path), "RUHU_ENV": "demo"}
    code, _, told = await typed(environment, "audit", "verify")
    assert (code, "nothing sealed yet" in told) == (0, True), told
    assert (await typed(environment, "audit", "head"))[0] == 1
    await world.ask("cadre", LOOK)
    assert "1 entries are not sealed yet" in (await typed(environment, "audit", "verify"))[2]

    async with app_sessions(url) as sessions:
        head = await seal(sessions, datetime.now(UTC), TraceKey(tmp_path))
    assert head is not None
    code, printed, _ = await typed(environment, "audit", "head")
    assert code == 0
    written = tmp_path / "head.txt"
    written.write_text(printed)
    code, printed, told = await typed(environment, "audit", "verify", "--against", str(written))
    assert (code, printed, "The trace is whole." in told) == (0, "", True)

    await world.sql.execute("UPDATE audit_entry SET actor_id = NULL")
    code, printed, told = await typed(environment, "audit", "verify")
    assert code == 1
    assert printed.startswith("ENTRY_ALTERED block 1, entry ")
    await world.sql.execute("TRUNCATE audit_block, audit_entry")
    code, printed, _ = await typed(environment, "audit", "verify", "--against", str(written))
    assert (code, printed) == (1, "HEAD_DIFFERS block 1\n"), "the whole trace is gone"
    written.write_text("something else")
    code, _, told = await typed(environment, "audit", "verify", "--against", str(written))
    assert (code, "is not what" in told) == (1, True)


async def test_the_trace_is_exported_line_by_line_and_that_leaves_an_entry(world: World, tmp_path: Path) -> None:
    url = str(world.settings.database_url)
    environment = {"RUHU_DATABASE_URL": url, "RUHU_DATA_DIR": str(tmp_path), "RUHU_ENV": "demo"}
    await world.sql.execute("TRUNCATE audit_block, audit_entry")
    await world.ask("cadre", "{ households(first: 2) { nodes { phone } } }")
    await world.ask("other_county_officer", "{ households(first: 1) { nodes { phone } } }")
    code, printed, told = await typed(environment, "audit", "export", "--region", "35")
    assert code == 0, told
    look, own = [json.loads(line) for line in printed.splitlines()]
    assert (look["action"], look["households"], look["actor_roles"], look["detail"]["kinds"]) == (
        "look",
        2,
        ["HELPER"],
        ["PHONE"],
    )
    assert (own["action"], own["region_code"]) == ("export_trace", "35")
    _, printed, _ = await typed(environment, "audit", "export", "--form", "csv")
    lines = list(csv.DictReader(io.StringIO(printed)))
    assert [line["action"] for line in lines] == ["look", "look", "export_trace", "export_trace"]
    assert (await typed(environment, "audit", "export", "--before", "2020-01-01"))[1] == ""
    assert (await typed(environment, "audit", "export", "--form", "xml"))[0] == 1
