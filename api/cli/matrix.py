"""`docs/who-sees-what.md`: the role × field matrix as people read it, written from the files that the program reads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from domain.access.matrix import ANONYMOUS, Effect, FieldClass, Matrix
from domain.access.roles import GrantRole

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "who-sees-what.md"

_SIGNS = {Effect.SHOWN: "●", Effect.MASKED: "◐", Effect.BLURRED: "◌", Effect.ABSENT: "–"}
# Columns of the table: roles that the matrix treats alike are one. A role that is in no column has its own.
_ALIKE = (
    ("officers of the five levels", frozenset(role for role in GrantRole if role.endswith(("_OFFICER", "_TEAM")))),
    ("helper", frozenset({GrantRole.HELPER})),
    ("department", frozenset({GrantRole.DEPARTMENT})),
    ("partner", frozenset({GrantRole.PARTNER})),
    ("integrator", frozenset({GrantRole.INTEGRATOR})),
    ("hotline operator", frozenset({GrantRole.HOTLINE_OPERATOR})),
    ("auditor", frozenset({GrantRole.AUDITOR})),
    ("administrator", frozenset({GrantRole.ADMINISTRATOR})),
)

_HEAD = """# Who sees what (谁能看到什么)

Written by `./ruhu sdl` from `domain/access/data/`; do not edit it here. A row is seen by one or more arms; where it is
seen, its fields are shown as their class says. Decision 0020 says why, `tests/walls/` holds the program to it.

## Fields

● shown, ◐ masked, ◌ blurred to a kilometre, – absent (null, or empty). Somebody with several grants sees each row as the
grant shows it through which it is seen; where two grants show the same row, the better one counts.
"""

_ROWS = """
## Rows

REGION: it lies in a granted subtree. LIST: the family is on the list of the helper or organisation, because of an open
pairing. OWN: it is the viewer's own. REVIEW: in a granted subtree, and handed to officers for review. ALL: everybody who is
signed in; ALL under "public": everybody. Types are named where they show other rows than their table.
"""

_CLASSES = "\n## Which fields are of which class\n\nWhat is not named is `PUBLIC` or `FAMILY`.\n"


def page(found: Matrix) -> str:
    """The page as it must stand."""
    heads = [name for name, _ in _ALIKE]
    lines = [_HEAD, _line("class", *heads), _rule(len(heads) + 1)]
    for one in FieldClass:
        chinese, what = found.titles[one]
        signs = ["/".join(sorted({_SIGNS[found.effects[one][role]] for role in roles})) for _, roles in _ALIKE]
        lines.append(_line(f"`{one}` {chinese}: {what}", *signs))
    lines += [_ROWS, _line("table or type", *heads, "public"), _rule(len(heads) + 2)]
    for name, by_role in found.scopes.items():
        cells = [" ".join(sorted({arm for role in roles for arm in by_role[role]})) or "–" for _, roles in _ALIKE]
        lines.append(_line(f"`{name}`", *cells, " ".join(sorted(by_role[ANONYMOUS])) or "–"))
    lines += [_CLASSES, _line("class", "fields"), _rule(2)]
    for one in FieldClass:
        fields = [f"`{type_}.{field}`" for (type_, field), of in found.fields.items() if of is one]
        if one not in (FieldClass.PUBLIC, FieldClass.FAMILY) and fields:
            lines.append(_line(f"`{one}`", ", ".join(fields)))
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return f"|{' --- |' * columns}"
