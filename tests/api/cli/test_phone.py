"""`./ruhu phone`: a day on the reference client against a server over real HTTP, and what goes wrong in one line."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import databases
from tests.api.cli.test_commands import ruhu, serving


@pytest.fixture(scope="module")
async def demo(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a demo that runs."""
    url = await databases.fresh_database("ruhu_phone", template)
    with serving("--demo", data=tmp_path_factory.mktemp("data"), RUHU_DATABASE_URL=url) as (_, address, _):
        yield address
    await databases.drop_database("ruhu_phone")


@pytest.mark.parametrize("network", ["good", "bad"])
def test_a_day_ends_with_everything_settled(demo: str, network: str) -> None:
    code, output, errors = ruhu("phone", "--persona", "cadre", "--network", network, "--url", demo)

    assert (code, errors) == (0, "")
    assert re.search(r"^       on the phone: \d+ families, \d+ visits, \d+ code lists, 1 forms$", output, re.MULTILINE)
    assert "mended what was refused (经纬度超出范围。)" in output
    assert "outbox: 4 acknowledged, 1 conflict\n" in output
    assert re.search(r"conflict: 该字段已被他人修改.* \(read \S+, now \S+, typed \S+\)", output)
    assert ("network: a captive portal answers" in output) == (network == "bad")
    assert re.search(r"network: \d+ requests, [\d,]+ bytes sent, [\d,]+ bytes received\n$", output)


def test_who_has_no_families_has_no_doors_to_knock_at(demo: str) -> None:
    code, output, _ = ruhu("phone", "--persona", "auditor", "--url", demo)

    assert code == 0
    assert "there is no door to knock at today" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--network", "worse"], "ruhu: there is no network worse: choose good or bad\n"),
        (["--persona", "nobody"], r"ruhu: \S+ is no demo with a persona nobody: start one .*\n"),
        (["--persona", "province_officer"], r"ruhu: \S+ refuses this phone: TOO_WIDE_TO_SYNC: .*\n"),
    ],
)
def test_what_cannot_be_played_is_one_line(demo: str, arguments: list[str], told: str) -> None:
    code, _, errors = ruhu("phone", "--url", demo, *arguments)

    assert code == 1
    assert re.fullmatch(told, errors)


def test_nobody_at_the_address_is_one_line() -> None:
    code, output, errors = ruhu("phone", "--url", "http://127.0.0.1:1/graphql")

    assert (code, output) == (1, "")
    assert re.fullmatch(r"ruhu: .*start one by `\./ruhu serve`.*\n", errors)


async def test_without_a_server_it_starts_one_of_its_own(template: str, tmp_path: Path) -> None:
    url = await databases.fresh_database("ruhu_own_phone", template)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    here = {"RUHU_DATABASE_URL": url, "RUHU_DATA_DIR": str(tmp_path), "PORT": str(port)}

    code, output, errors = ruhu("phone", **here)
    assert (code, output) == (1, "")
    assert re.fullmatch(r"ruhu: no demo is made on RUHU_DATABASE_URL's server unasked: .*\n", errors)

    code, output, errors = ruhu("phone", **here, RUHU_ENV="demo")
    assert (code, errors) == (0, "")
    assert "outbox: 4 acknowledged, 1 conflict\n" in output
    await databases.drop_database("ruhu_own_phone")


def test_production_is_not_played_with(tmp_path: Path) -> None:
    code, _, errors = ruhu("phone", RUHU_ENV="production", RUHU_DATA_DIR=str(tmp_path), PORT="1")

    assert (code, errors) == (1, "ruhu: this is for the demo only, and RUHU_ENV is production\n")
