"""docs/mobile.md, done as it says: every request is sent, every answer compared, every other document validated."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from api.cli.sdl import current
from api.cli.target import ROOT
from tests.architecture.sources import mends
from tests.world import World

PAGE = ROOT / "docs" / "mobile.md"
REPLICATE = ROOT / "bench" / "peers" / "rxdb" / "replicate.mjs"
OPERATIONS = ROOT / "mobile_contract" / "operations" / "1"
ANYTHING = "…"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks() -> list[Block]:
    text = PAGE.read_text(encoding="utf-8")
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)]


def unlike(promised: Any, real: Any, path: str = "") -> Iterator[str]:
    """Where an answer is not as promised. "…" stands for whatever there is, at the end of a list for the rest of it."""
    if promised == ANYTHING:
        return
    if isinstance(promised, Mapping) and isinstance(real, Mapping) and promised.keys() == real.keys():
        for name, value in promised.items():
            yield from unlike(value, real[name], f"{path}.{name}")
    elif isinstance(promised, list) and isinstance(real, list):
        is_cut = promised[-1:] == [ANYTHING]
        wanted = promised[:-1] if is_cut else promised
        if len(wanted) > len(real) or (not is_cut and len(wanted) != len(real)):
            yield f"{path}: {json.dumps(real, ensure_ascii=False)}"
        for number, (one, other) in enumerate(zip(wanted, real, strict=False)):
            yield from unlike(one, other, f"{path}.{number}")
    elif promised != real:
        yield f"{path}: {json.dumps(real, ensure_ascii=False)}"


def request_of(line: str, known: Mapping[str, str]) -> tuple[str, dict[str, str], bytes]:
    """Address, headers and body of a line of curl, as a shell reads it."""
    filled = re.sub(r"\$([A-Z]+)", lambda name: known[name[1]], line)
    program, *words = shlex.split(filled.replace("\\\n", " "))
    assert program == "curl", line
    given: dict[str, list[str]] = {"-H": [], "-d": [], "": []}
    while words:
        word = words.pop(0)
        if word in given:
            given[word].append(words.pop(0))
        elif word != "-s":
            given[""].append(word)
    headers = dict(header.split(": ", 1) for header in given["-H"])
    return given[""][0], headers, given["-d"][0].encode()


def commands(text: str) -> list[str]:
    """The lines of curl of a block; what it sets, the test knows."""
    return re.findall(r"^curl .*?(?:\n(?=curl|[A-Z]+=)|\Z)", text, re.M | re.S)


async def test_every_request_is_answered_as_the_page_says(world: World) -> None:
    known = {
        "URL": "http://ruhu.test/graphql",
        "TOKEN": world.headers("cadre")["Authorization"].removeprefix("Bearer "),
    }
    answer: Any = None
    found: list[str] = []
    sent = 0
    for block in blocks():
        if block.language == "json" and answer is not None:
            found += [f"docs/mobile.md, answer {sent}{line}" for line in unlike(json.loads(block.text), answer)]
            answer = None
        if block.language != "sh":
            continue
        for line in commands(block.text):
            address, headers, body = request_of(line, known)
            response = await world.client.post(address, content=body, headers=headers)
            answer, sent = response.json(), sent + 1
            answer.pop("extensions", None)  # what it cost: phones ask by documentId, and are not told
            assert "errors" not in answer, (line, answer)
            for payload in answer["data"].values():
                if isinstance(payload, Mapping) and "checkpoint" in payload:
                    known["CURSOR"] = payload["checkpoint"]["cursor"]
    assert not found, mends(found)
    assert sent >= 9


def written(text: str) -> list[str]:
    """The operations that stand in code or JSON, each from its keyword to its last brace."""
    documents = []
    for start in re.finditer(r"\b(?:query|mutation|subscription) [A-Z]\w*\s*[({]", text):
        depth = 0
        for at in range(start.start(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if text[at] == "}" and depth == 0:
                documents.append(text[start.start() : at + 1])
                break
    return documents


def filled_in(code: str) -> str:
    """JavaScript with its constants put where `${…}` names them."""
    constants = dict(re.findall(r"const (\w+) = `([^`]*)`", code))
    return re.sub(r"\$\{(\w+)\}", lambda name: constants.get(name[1], name[0]), code)


@pytest.mark.parametrize("language", ["kotlin", "swift", "ts", "js", "json", "sh"])
def test_every_operation_on_the_page_is_one_of_the_schema(language: str) -> None:
    schema = build_schema(current())
    text = "\n".join(block.text for block in blocks() if block.language == language).replace('\\"', '"')
    found = [error.message for document in written(text) for error in validate(schema, parse(document))]
    found += [
        f"there is no stored operation {name}"
        for name in re.findall(r'\bask\("(\w+)"', text)
        if not (OPERATIONS / f"{name}.graphql").exists()
    ]
    assert not found, mends(found)
    assert written(text) or re.search(r'\bask\("\w+"', text), f"there is nothing in {language}"


def test_what_rxdb_sends_is_of_the_schema() -> None:
    schema = build_schema(current())
    documents = written(filled_in(REPLICATE.read_text(encoding="utf-8")))
    found = [error.message for document in documents for error in validate(schema, parse(document))]
    assert not found, mends(found)
    assert len(documents) == 6


def test_what_the_page_shows_of_rxdb_is_what_the_bench_runs() -> None:
    shown = [block.text for block in blocks() if block.language == "ts" and "async function whole" in block.text]
    assert len(shown) == 1
    assert shown[0] in REPLICATE.read_text(encoding="utf-8"), "docs/mobile.md: show whole() as replicate.mjs has it"


def test_an_answer_that_is_not_as_promised_is_found() -> None:
    real = {"data": {"ids": [1, 2, 3], "name": "陈", "at": "now"}}
    assert list(unlike({"data": {"ids": [1, "…"], "name": "陈", "at": "…"}}, real)) == []
    assert list(unlike({"data": {"ids": [1, 2], "name": "林", "at": "…"}}, real)) == [
        ".data.ids: [1, 2, 3]",
        '.data.name: "陈"',
    ]
    assert list(unlike({"data": {}}, real)) != []
