"""Answers on their way over a bad network: zstd, gzip, or as they are."""

from __future__ import annotations

import gzip
import json
import sys

import pytest

from api.compression import preferred_encoding
from tests.world import World

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


async def test_large_answers_are_compressed_for_bad_networks(reading_world: World) -> None:
    query = '{ regions(within: "35", first: 500) { nodes { code fullName } } }'
    async with reading_world.client.stream(
        "POST", "/graphql", json={"query": query}, headers={"accept-encoding": "gzip"}
    ) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert len(json.loads(gzip.decompress(raw))["data"]["regions"]["nodes"]) == 500
    assert len(raw) * 4 < len(gzip.decompress(raw))


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0, identity", None),
        ("br", None),
        (None, None),
    ],
)
def test_a_client_is_answered_in_the_best_encoding_that_it_takes(accepted: str | None, used: str | None) -> None:
    assert preferred_encoding(accepted) == used


@pytest.mark.parametrize("first", [100, 500], ids=["at once", "in a thread"])
async def test_who_takes_zstd_gets_it_and_caches_know_that_others_do_not(reading_world: World, first: int) -> None:
    query = f'{{ regions(within: "35", first: {first}) {{ nodes {{ code fullName siblings: fullName again: fullName }} }} }}'
    sizes = {}
    for accepted in ("gzip", "gzip, br, zstd", "identity"):
        headers = {"accept-encoding": accepted}
        async with reading_world.client.stream("POST", "/graphql", json={"query": query}, headers=headers) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert "Accept-Encoding" in answer.headers["vary"]
        assert int(answer.headers["content-length"]) == len(raw)
        sizes[answer.headers.get("content-encoding")] = raw
    assert set(sizes) == {"gzip", "zstd", None}
    assert json.loads(zstd.decompress(sizes["zstd"]))["data"] == json.loads(sizes[None])["data"]
    assert len(sizes["zstd"]) < len(sizes["gzip"])
