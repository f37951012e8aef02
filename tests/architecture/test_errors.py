"""One catalogue of error codes: what the code can raise, what schema/data/messages.csv says, what docs/errors.md lists."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Mapping
from functools import cache
from string import Formatter

from domain.base.errors import CONSTRAINTS
from domain.policy.catalogue import PARAMETERS
from schema.engine import errors as engine_errors
from schema.messages import CATALOGUE, catalogue
from tests.architecture.sources import ROOT, calls, mends, trees

PAGE = ROOT / "docs" / "errors.md"
TERMS = ROOT / "domain" / "base" / "data" / "terms.csv"
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)

# Codes are written as words in capitals. A single word is a code only where one of these is called with it; two words
# joined by an underscore are a code anywhere, unless they belong to a vocabulary.
RAISERS = {"invalid", "refused", "missing", "Requirement", "Problem", "BadRequest", "wrong", "_wrong", "_problem"}
WORD = re.compile(r"[A-Z][A-Z0-9]*")
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
CHINESE = re.compile("[\u4e00-\u9fff]")
HALF_WIDTH = re.compile("[\u4e00-\u9fff”}] ?[,:;?!()]")

NO_CODES: Mapping[str, str] = {
    "REVEALS_A_DAY": "a parameter of policy",
    **dict.fromkeys(("ALL_IN_SCHOOL", "NO_CHILD_OF_AGE"), "an answer of the form for home visits"),
}  # text that is spelt like a code → what it is instead


def texts(node: ast.AST) -> list[str]:
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def enum_values(tree: ast.Module) -> set[str]:
    """Values of the enums that a module declares: vocabulary, not errors."""
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    enums = (node for node in classes if any("Enum" in ast.unparse(base) for base in node.bases))
    return {text for node in enums for part in node.body if isinstance(part, ast.Assign) for text in texts(part.value)}


def raised(tree: ast.Module) -> set[str]:
    """Codes handed to whatever makes a problem or an answer of them, at the first or second place or as `code`."""
    arguments = [argument for name, call in calls(tree) if name in RAISERS for argument in call.args[:2]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            arguments += [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code"]
    return {text for argument in arguments for text in texts(argument) if WORD.fullmatch(text) or CODE.fullmatch(text)}


def written(tree: ast.Module) -> set[str]:
    """Everything in a module that is spelt like a code of two words or more."""
    return {text for text in texts(tree) if CODE.fullmatch(text)}


@cache
def vocabulary() -> frozenset[str]:
    """Codes of the field's terms, and all values of enums."""
    with TERMS.open(encoding="utf-8", newline="") as lines:
        terms = {value for row in csv.DictReader(lines) for value in (row["list"], row["code"])}
    # What a region may set is named in capitals, too.
    return frozenset(
        terms.union(PARAMETERS, *(enum_values(tree) for tree in trees("domain", "schema", "api").values()))
    )


@cache
def codes() -> Mapping[str, str]:
    """Every code that a client can meet → where."""
    found = {code: "schema/engine/errors.py" for code in vars(engine_errors).values() if is_code(code)}
    found |= dict.fromkeys(CONSTRAINTS.values(), "CONSTRAINTS in domain/base/errors.py")
    # The demo is a story with codes of its own; the transport's files are full of names of the environment.
    for file, tree in trees("domain", "schema").items():
        if not file.startswith("domain/demo/"):
            found |= dict.fromkeys(written(tree) - vocabulary() - NO_CODES.keys(), file)
    for file, tree in trees("domain", "schema", "api").items():
        found |= dict.fromkeys(raised(tree), file)
    return found


def is_code(value: object) -> bool:
    return isinstance(value, str) and bool(WORD.fullmatch(value) or CODE.fullmatch(value))


def documented() -> dict[str, tuple[str, str, str]]:
    """code → (zh, en, who raises it and what to do), as docs/errors.md has them."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {code: (zh, en, what) for code, zh, en, what in rows}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_code_that_can_be_raised_has_its_messages() -> None:
    found = [
        f"{code} ({file}): add a line code,zh,en to schema/data/messages.csv"
        for code, file in sorted(codes().items())
        if code not in catalogue()
    ]
    assert not found, mends(found)


def test_every_message_belongs_to_a_code_that_something_raises() -> None:
    found = [
        f"{code}: nothing raises it; take it out of messages.csv" for code in sorted(set(catalogue()) - set(codes()))
    ]
    assert not found, mends(found)


def faults(code: str, zh: str, en: str) -> list[str]:
    """What is wrong with a message. An ASCII comma after Chinese is how a line of CSV breaks in two."""
    found = []
    if not CHINESE.search(zh) or CHINESE.search(en) or not en:
        found.append(f"{code}: say it in Chinese, then in English: {zh!r}, {en!r}")
    if placeholders(zh) != placeholders(en):
        found.append(f"{code}: {sorted(placeholders(zh))} in Chinese, {sorted(placeholders(en))} in English")
    if HALF_WIDTH.search(zh):
        found.append(f"{code}: Chinese has punctuation of its own (，：；？！（）): {zh}")
    return found


def test_every_message_says_the_same_in_both_languages() -> None:
    found = [fault for code, text in catalogue().items() for fault in faults(code, text["zh"], text["en"])]
    assert not found, mends(found)


def test_a_message_that_is_amiss_is_found() -> None:
    assert faults("A", "{n} 级，不能。", "{n} cannot.") == []
    assert len(faults("A", "级别不同", "不能合并。")) == 1
    assert len(faults("A", "No.", "No.")) == 1
    assert len(faults("A", "最多 {n} 项。", "Too many.")) == 1
    assert len(faults("A", "不行,请换一个。", "No.")) == 1


def test_no_code_stands_twice_in_the_catalogue() -> None:
    with CATALOGUE.open(encoding="utf-8", newline="") as lines:
        seen = [row["code"] for row in csv.DictReader(lines)]
    assert sorted(set(seen)) == sorted(seen), mends([code for code in seen if seen.count(code) > 1])


def test_the_page_lists_the_catalogue_and_nothing_else() -> None:
    page = documented()
    meant = {code: (text["zh"], text["en"]) for code, text in catalogue().items()}
    found = [
        f"docs/errors.md, in the section of whoever raises it: | `{code}` | {zh} | {en} | what to do |"
        for code, (zh, en) in meant.items()
        if page.get(code, ("", "", ""))[:2] != (zh, en) or not page[code][2].strip()
    ]
    found += [f"docs/errors.md: take out {code}" for code in page if code not in meant]
    assert not found, mends(found)


def test_codes_are_found_where_they_are_raised() -> None:
    planted = ast.parse(
        """
raise refused("BUSY_WORD")
raise InvalidInput(Problem("PLAIN" if a else "OTHER", ("input",)))
raise BadRequest(400, "BAD", {"Allow": "POST"})
answer = {"errors": [{"extensions": {"code": "INSIDE"}}]}
print("LOUD", "A_NAME")
class Kind(StrEnum):
    ONE_KIND = "ONE_KIND"
def problem(text): return "SPELT_WRONG"
"""
    )
    assert raised(planted) == {"BUSY_WORD", "PLAIN", "OTHER", "BAD", "INSIDE"}
    assert written(planted) - enum_values(planted) == {"BUSY_WORD", "A_NAME", "SPELT_WRONG"}


def test_codes_of_every_layer_are_found() -> None:
    """The transport's, the engine's, a rule's answer, a constraint's, an action's."""
    assert codes().keys() >= {"BAD_JSON", "TOO_COSTLY", "ID_NUMBER_LENGTH", "SECOND_HEAD", "OPERATION_REUSED"}
