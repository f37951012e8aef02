"""`docs/cases.md`: what can happen to a monitoring case, as people read it: made of the program's own table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from domain.cases.transitions import ENDS, TRANSITIONS, Follows, Round, Step, Transition, reachable

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "cases.md"

_HEAD = """# Monitoring cases (监测对象)

Written by `./ruhu sdl` from `domain/cases/data/transitions.csv`, the table that code and tests go by; do not edit it here.

A household gets into monitoring, and out of it, by this procedure alone. A case is born of a clue that was verified at the
door; elimination is a second round of the same case; a family that comes back gets a new case that names the one before.
"Who" is the level at which somebody acts: the village's officers and resident team, the township's officers, the county's.
Nobody acts at two levels of one case, relatives take no step at all, and whoever verified answers no objection
(`kinship` holds who declared to be whose relative). What nobody ("–") does follows by itself: from a day, or from a change
of the family.

Days run from day 0, which is the clue's (in a second round: the day of the proposal). They flag lateness and block
nothing; a returned case keeps them. Only the notice's full days are waited for. Policy sets them all. Why it is so:
[decision 0030](decisions/0030-one-table-of-transitions.md).

## The drawing

Boxes are steps; what leaves a case where it stands is in the table only.

"""

_AFTER = """
REFUSED is REJECTED; in a second round the family stays MONITORED. DONE is MONITORED; in a second round ELIMINATED. FIRST is
COMPARISON, or DEMOCRATIC_APPRAISAL where policy begins there (`COMPARISON_FIRST`). SAME: it stays where it is.

## What has to be there

| need | what it is |
| --- | --- |
| `VERIFIED_CLUE` | A clue found true at the door by two people, one of whom does not help the family |
| `AUTHORISATIONS` | A signed authorisation of every adult, for this round |
| `DEPARTMENTS_ANSWERED` | Every department that was asked answered, or had its days; "no answer" is written down |
| `HITS_EXPLAINED` | Every hit (a car, a shop, a payroll) is explained; it rejects nobody |
| `MINUTES` | The appraisal's counts and the number of its minutes |
| `PUBLISHED_NOTICE` | A notice of this round that hangs |
| `FULL_NOTICE_DAYS` | Publication is day 0; the township may act when the full days after it are over |
| `OBJECTIONS_ANSWERED` | No objection of this round waits |
| `REASON` | In words |
| `CATEGORY` | In range and lifted: UNSTABLE_LIFTED; in range: EDGE; above it and struck: SUDDEN_HARDSHIP |
| `ELIMINATION_CONDITIONS` | All of `eliminationConditions` are met; none is unmet or unknown |
| `TOWNSHIPS_APPROVAL` | The township approved the other category before |

A refusal is a `MissingRequirement`: `requires` names each thing that is missing, and from whom.
"""


def page() -> str:
    """The whole page."""
    return f"{_HEAD}{_drawing()}\n## The table\n\n{_table()}{_AFTER}"


def _drawing() -> str:
    """A mermaid diagram of both rounds."""
    lines = ["```mermaid", "stateDiagram-v2", "  direction TB"]
    lines += [f"  [*] --> {_first()}: {_zh('OPENED')}"]
    drawn: dict[tuple[Step, Step], list[str]] = {}
    for round_, step in sorted(reachable(), key=lambda one: (list(Round).index(one[0]), list(Step).index(one[1]))):
        for row in TRANSITIONS:
            if step in row.at and round_ in row.rounds and row.to is not Follows.SAME and row.event != "CLOSED":
                label = row.zh if round_ is Round.ADMISSION else f"{row.zh}（风险消除）"
                labels = drawn.setdefault((step, _to(row, round_)), [])
                if row.zh not in labels and label not in labels:
                    labels.append(label)
    lines += [f"  {start} --> {end}: {'、'.join(labels)}" for (start, end), labels in drawn.items()]
    lines += [f"  {step} --> [*]" for step in Step if step in ENDS]
    return "\n".join([*lines, "```", ""])


def _first() -> Step:
    return Step.COMPARISON


def _zh(event: str) -> str:
    return next(row.zh for row in TRANSITIONS if row.event == event)


def _to(row: Transition, round_: Round) -> Step:
    if isinstance(row.to, Step):
        return row.to
    if row.to is Follows.FIRST:
        return _first()
    if row.to is Follows.REFUSED:
        return Step.REJECTED if round_ is Round.ADMISSION else Step.MONITORED
    return Step.MONITORED if round_ is Round.ADMISSION else Step.ELIMINATED


def _table() -> str:
    head = "| what happens | 事项 | round | where | who | what must be there | due by | then |\n"
    lines = [f"{head}| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in TRANSITIONS:
        rounds = "both" if len(row.rounds) == len(Round) else next(iter(row.rounds))
        steps = [step for step in Step if step in row.at]
        where = "any open step" if set(steps) == set(Step) - ENDS else ", ".join(steps) or "–"
        cells = (
            f"`{row.event}` {row.en}",
            row.zh,
            rounds,
            where,
            ", ".join(row.by) or "–",
            ", ".join(f"`{need}`" for need in row.needs) or "–",
            f"`{row.due}`" if row.due else "–",
            row.to,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
