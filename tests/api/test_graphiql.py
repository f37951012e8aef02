"""GraphiQL's page, the files it loads and the examples it offers; test_graphiql_in_browser.py has the rest."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api import graphiql
from api.graphiql.examples import LANGUAGES, Example, examples, read

STATIC = Path(graphiql.__file__).parent / "static"
MANIFEST: dict[str, str] = json.loads((STATIC / "manifest.json").read_bytes())


# ---- The page


def config_of(text: str) -> dict[str, Any]:
    held = re.search(r'<script type="application/json" id="config">(.*?)</script>', text, re.DOTALL)
    assert held
    config: dict[str, Any] = json.loads(held[1])
    return config


def page_text(*, is_demo: bool = False, endpoint: str = "/graphql") -> str:
    return bytes(graphiql.page(is_demo=is_demo, endpoint=endpoint).body).decode()


def test_the_page_asks_its_server_for_personas_in_demo_mode_only() -> None:
    assert config_of(page_text(is_demo=True))["personas"] is True
    assert config_of(page_text(is_demo=False))["personas"] is False


def test_the_page_works_under_another_address() -> None:
    text = page_text(endpoint="/ruhu/graphql")
    assert config_of(text)["endpoint"] == "/ruhu/graphql"
    assert f'src="/ruhu/graphql/assets/{MANIFEST["graphiql.js"]}"' in text
    assert f'href="/ruhu/graphql/assets/{MANIFEST["graphiql.css"]}"' in text


def test_the_page_allows_no_script_but_its_own_and_no_frame_around_it() -> None:
    headers = graphiql.page(is_demo=True).headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_is_not_kept_in_place_of_a_programs_answer() -> None:
    headers = graphiql.page(is_demo=True).headers
    assert headers["Vary"] == "Accept"
    assert headers["Cache-Control"] == "no-cache"


def test_nothing_in_an_example_can_end_the_script_element_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    nasty = Example(notes={"zh": ["</script><b>"], "en": ["</script><b>"]}, query="{ x }", variables="")
    monkeypatch.setattr(graphiql, "examples", lambda: [nasty])
    text = page_text(endpoint="/only-here")
    assert config_of(text)["examples"] == [nasty]
    assert "<b>" not in text


# ---- Its files


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=graphiql.routes()), headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize("name", sorted(MANIFEST.values()))
def test_each_file_that_the_page_names_is_served_and_never_changes(client: TestClient, name: str) -> None:
    answer = client.get(f"/graphql/assets/{name}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kinds = {".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
    assert answer.headers["Content-Type"] == f"{kinds[Path(name).suffix]}; charset=utf-8"


@pytest.mark.parametrize(
    ("accepted", "is_zipped"),
    [
        ("gzip, deflate, br", True),
        ("*", True),
        ("br, GZIP;q=0.5", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
    ],
)
def test_a_file_is_zipped_only_for_those_who_take_it(client: TestClient, accepted: str, is_zipped: bool) -> None:
    name = MANIFEST["graphiql.js"]
    zipped = (STATIC / f"{name}.gz").read_bytes()
    answer = client.get(f"/graphql/assets/{name}", headers={"Accept-Encoding": accepted})
    assert ("Content-Encoding" in answer.headers) is is_zipped
    assert int(answer.headers["Content-Length"]) == len(zipped if is_zipped else gzip.decompress(zipped))
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.content == gzip.decompress(zipped)


@pytest.mark.parametrize("name", ["nothing.js", "manifest.json", "..%2F__init__.py", "%2e%2e/page.html"])
def test_no_other_file_can_be_had(client: TestClient, name: str) -> None:
    assert client.get(f"/graphql/assets/{name}").status_code == 404


def test_a_file_can_be_asked_about_but_not_written(client: TestClient) -> None:
    assert client.head(f"/graphql/assets/{MANIFEST['graphiql.js']}").status_code == 200
    assert client.post(f"/graphql/assets/{MANIFEST['graphiql.js']}").status_code == 405


def test_every_file_has_a_media_type() -> None:
    suffixes = {Path(file.stem).suffix for file in STATIC.glob("*.gz")}
    assert suffixes <= set(graphiql.MEDIA_TYPES)


def test_the_licences_of_what_is_in_the_bundle_go_with_it(client: TestClient) -> None:
    text = client.get(f"/graphql/assets/{MANIFEST['licences.txt']}").text
    for name in ("graphiql 5.", "monaco-editor 0.", "react 19.", "graphql 16."):
        assert re.search(rf"^{re.escape(name)}\S* \(MIT\)$", text, re.MULTILINE), name


def test_a_build_can_be_repeated_without_naming_where_its_packages_came_from() -> None:
    lock = json.loads((STATIC.parent / "bundle" / "package-lock.json").read_bytes())
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if not package["integrity"].startswith("sha512-")] == []


# ---- Its examples


def test_every_example_has_a_title_in_every_language() -> None:
    for language in LANGUAGES:
        titles = [example["notes"][language][0] for example in examples()]
        assert all(titles)
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# zh: 标题\n{ x }", "no title in 'en'"),
        ("# zh: 标题\n# en: Title\n# variables: {x}\n{ x }", "variables are no JSON"),
        ("# fr: Titre\n{ x }", "not 'fr'"),
        ("# just a remark\n{ x }", "not 'just a remark'"),
    ],
)
def test_a_broken_example_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^broken.graphql: .*{re.escape(fault)}"):
        read(text, source="broken.graphql")


def test_an_example_is_its_notes_its_variables_and_its_operation() -> None:
    text = '# zh: 标题\n# en: Title\n# en: With a remark: this.\n# variables: {"名": 1}\nquery A {\n  # kept\n  x\n}\n'
    assert read(text, source="a.graphql") == {
        "notes": {"zh": ["标题"], "en": ["Title", "With a remark: this."]},
        "query": "query A {\n  # kept\n  x\n}",
        "variables": '{\n  "名": 1\n}',
    }
