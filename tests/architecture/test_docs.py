"""Documents that cannot rot: what they show is run, what they name exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import build_schema, is_input_object_type, is_introspection_type, is_scalar_type

from api.cli.__main__ import list_commands
from api.cli.sdl import current
from domain.demo.personas import PERSONAS
from tests.architecture.sources import ROOT, mends
from tests.world import World

README = ROOT / "README.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
CODE = ("api", "schema", "domain", "migrations", "tests", "mobile_contract", "bench", "ruhu", "pyproject.toml")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\./ruhu ((?:[a-z]+)(?: [a-z]+)?)")
TERM = re.compile(r"^\| `?([A-Za-z ]+)`? \| [^|]*[\u4e00-\u9fff][^|]* \| .+ \|$", re.MULTILINE)

# Names of the schema that are grammar and not the field's: pages, answers to mutations, what was typed.
GRAMMAR = re.compile(r"(Connection|Edge|Payload|Input|Filter|Order|Queries|Mutations)$")
NO_NOUNS = {
    "Query",
    "Mutation",
    "Subscription",
    "Node",
    "PageInfo",
    "UserError",
    "InvalidValue",
    "FieldConflict",
    "TooMany",
}


def pages() -> list[Path]:
    """Every page that is written for readers."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "mobile_contract").rglob("*.md")])


def block(page: Path, language: str) -> str:
    """The first fenced block of that language."""
    found = re.search(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{page.name} has no block of {language}"
    return found[1]


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(text):
        path = target.partition("#")[0]
        if path and "://" not in path and not (page.parent / path).exists():
            yield f"{page.relative_to(ROOT)} links to {path}, which is not there"


def commands(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The commands of `./ruhu help`, such as `serve` and `demo reset`."""
    list_commands()
    return set(re.findall(r"^  ((?:[a-z]+)(?: [a-z]+)?) {2,}", capsys.readouterr().out, re.MULTILINE))


def unknown_commands(text: str, known: set[str]) -> list[str]:
    """Commands that a text names and the front door does not know. A second word may be an argument."""
    return [name for name in COMMAND.findall(text) if name not in known and name.partition(" ")[0] not in known]


async def test_the_first_query_of_the_readme_has_the_answer_that_stands_there(reading_world: World) -> None:
    answer = await reading_world.post("anonymous", block(README, "graphql"))
    promised = json.loads(block(README, "json"))
    assert answer == promised, "README.md: put in what it really answers:\n" + json.dumps(
        answer, ensure_ascii=False, indent=2
    )


async def test_the_first_visit_of_the_readme_has_the_answer_that_stands_there(world: World) -> None:
    text = README.read_text(encoding="utf-8").partition("## A first visit")[2]
    (mutation,) = re.findall(r"```graphql\n(.*?)```", text, re.S)
    variables, promised = (json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.S))
    answer = await world.post("cadre", mutation, variables)
    assert answer == promised, "README.md: put in what it really answers:\n" + json.dumps(
        answer, ensure_ascii=False, indent=2
    )
    again = await world.post("cadre", mutation, variables)
    assert again["data"]["submitVisits"]["results"][0]["outcome"] == "REPLAYED"


async def test_the_curl_line_of_the_readme_sends_a_query_that_works(reading_world: World) -> None:
    sent = re.search(r"-d '(.*)'", README.read_text(encoding="utf-8"))
    assert sent is not None
    answer = await reading_world.client.post("/graphql", content=sent[1], headers={"Content-Type": "application/json"})
    assert answer.json()["data"] == {"region": {"fullName": "福建省福州市永泰县富泉乡"}}


def test_the_readme_introduces_every_persona() -> None:
    text = README.read_text(encoding="utf-8")
    rows = [f"| `{p.name}` | {p.title['zh']} | {p.about['en']} |" for p in PERSONAS.values()]
    missing = [f"README.md lacks: {row}" for row in rows if row not in text]
    assert not missing, mends(missing)


def test_the_readme_shows_a_picture_that_is_there() -> None:
    assert "![" in README.read_text(encoding="utf-8")
    assert (ROOT / "docs" / "graphiql.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    found = list(broken_links(page, page.read_text(encoding="utf-8")))
    assert not found, mends(found)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = unknown_commands(page.read_text(encoding="utf-8"), commands(capsys))
    assert not found, mends([f"{page.name} names `./ruhu {name}`, which `./ruhu help` does not" for name in found])


def test_every_command_is_in_contributing(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    missing = [name for name in sorted(commands(capsys)) if f"./ruhu {name}" not in text]
    assert not missing, f"CONTRIBUTING.md says nothing of ./ruhu {', ./ruhu '.join(missing)}"


def test_a_broken_link_and_an_unknown_command_are_found() -> None:
    text = "[a](README.md) [b](docs/none.md#x) [c](https://example.org/x) [d](#here); ./ruhu serve, ./ruhu frobnicate x"
    assert [line.split()[3] for line in broken_links(README, text)] == ["docs/none.md,"]
    assert unknown_commands(text, {"serve"}) == ["frobnicate x"]


def test_pages_that_the_code_names_are_there() -> None:
    named: dict[str, str] = {}
    for folder in CODE:
        for file in [ROOT / folder] if (ROOT / folder).is_file() else (ROOT / folder).rglob("*.py"):
            if file != Path(__file__):
                names = re.findall(r"\bdocs/[\w./-]+\.md\b", file.read_text(encoding="utf-8"))
                named |= dict.fromkeys(names, str(file.relative_to(ROOT)))
    found = [f"{file} names {page}, which is not there" for page, file in named.items() if not (ROOT / page).exists()]
    assert not found, mends(found)


def test_every_noun_of_the_schema_is_in_the_glossary() -> None:
    types = build_schema(current()).type_map
    nouns = {
        name
        for name, type_ in types.items()
        if not (is_introspection_type(type_) or is_scalar_type(type_) or is_input_object_type(type_))
        and not GRAMMAR.search(name)
        and name not in NO_NOUNS
    }
    missing = nouns - set(TERM.findall(GLOSSARY.read_text(encoding="utf-8")))
    assert not missing, mends([f"docs/glossary.md lacks: | `{name}` | 中文 | what it is |" for name in sorted(missing)])
    assert {"Region", "Village"} <= nouns


def test_every_decision_begins_with_a_line_to_quote() -> None:
    folder = ROOT / "docs" / "decisions"
    found = [
        f"docs/decisions/{page.name}: begin with `# 0001 Title` and a line `> …` that can be quoted"
        for page in sorted(folder.glob("*.md"))
        if not re.match(rf"# {page.name[:4]} .+\n\n> ", page.read_text(encoding="utf-8"))
        or not re.match(r"[0-9]{4}-[a-z0-9-]+\.md", page.name)
    ]
    assert not found, mends(found)


def figures(text: str) -> list[list[str]]:
    """The cells of every row of the tables, without their heads."""
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [row for row, below in zip(rows, [*rows[1:], [""]], strict=True) if "---" not in row[0] + below[0]]


def test_every_figure_names_the_command_that_repeats_it() -> None:
    rows = figures((ROOT / "docs" / "measurements.md").read_text(encoding="utf-8"))
    found = [f"docs/measurements.md: {row[0].strip()}: by which command?" for row in rows if "`" not in row[-1]]
    assert not found, mends(found)
    assert figures("| what | figure | command |\n| --- | --- | --- |\n| a | 1 s | none |") == [[" a", "1 s", "none "]]
