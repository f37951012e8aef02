"""The project's own Python files as syntax trees, for tests that ask something of all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def trees(*folders: str) -> Mapping[str, ast.Module]:
    """Path from the root → tree, for every module under these folders."""
    files = sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last name of what is called: `x.y.commit()` is a call of `commit`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name, node


def mends(findings: list[str]) -> str:
    """The findings as the message of a failing test, one per line."""
    return "\n".join(["", *findings])
