"""Whose sensitive facts a read showed, and to whom: one entry of the trace per statement, written by the statement itself.

Sensitive is what domain.md §2 says, and what tells as much: telephones, health, the exact dwelling, what a family earns,
and what it said at a visit. Identity numbers and bank accounts are masked in every read; `revealIdentity` has an entry
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    DateTime,
    Insert,
    SQLColumnExpression,
    Text,
    Uuid,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.access.queries import VIEWER_ID
from domain.assistance.models import AssistancePlan, EffectAnalysis, Measure, Relief
from domain.audit.models import AuditEntry
from domain.cases.models import CaseEvent, ComparisonQuestion, Objection
from domain.grades.models import RiskGrade
from domain.households.models import Household, Person
from domain.households.queries import meets_of
from domain.monitoring.models import Clue, IncomeStatement
from domain.visits.models import Visit
from schema.engine import Watch, Watched, of_context, of_viewer

# Whose fact it is: the family's region and id. Who has gone from a family is still that family's to be told about.
_SUBJECTS: Final[Mapping[Any, SQLColumnExpression[str]]] = {
    model: cast(home, Text).concat("@").concat(model.region_code)
    for model, home in (
        (Household, Household.id),
        (Person, func.coalesce(Person.household_id, Person.left_household_id)),
        (Visit, Visit.household_id),
        (IncomeStatement, IncomeStatement.household_id),
        (Clue, Clue.household_id),
        (RiskGrade, RiskGrade.household_id),
        (AssistancePlan, AssistancePlan.household_id),
        (Measure, Measure.household_id),
        (EffectAnalysis, EffectAnalysis.household_id),
        (Relief, Relief.household_id),
        (CaseEvent, CaseEvent.household_id),
        (ComparisonQuestion, ComparisonQuestion.household_id),
        (Objection, Objection.household_id),
    )
}

# Type, what it stands on, and which of its fields tell what.
_TOLD: Final[tuple[tuple[str, Any, Mapping[str, str]], ...]] = (
    ("Household", Household, {"PHONE": "phone", "DWELLING": "address location", "INCOME": "income"}),
    ("HouseholdRecord", Household, {"PHONE": "phone", "DWELLING": "address longitude latitude accuracyMetres"}),
    ("Person", Person, {"PHONE": "phone", "HEALTH": "health"}),
    ("MemberRecord", Person, {"PHONE": "phone", "HEALTH": "health"}),
    ("IncomeStatement", IncomeStatement, {"INCOME": "amount note"}),
    ("Clue", Clue, {"NOTE": "reason"}),
    ("AssistancePlan", AssistancePlan, {"NOTE": "goals result"}),
    ("Measure", Measure, {"INCOME": "amount", "NOTE": "content"}),
    ("EffectAnalysis", EffectAnalysis, {"INCOME": "before after", "NOTE": "content"}),
    ("Relief", Relief, {"INCOME": "amount", "NOTE": "note reviewNote"}),
    ("RiskGrade", RiskGrade, {"NOTE": "note returnReason", "INCOME": "indicators changes"}),
    ("CaseEvent", CaseEvent, {"NOTE": "reason"}),
    ("ComparisonQuestion", ComparisonQuestion, {"NOTE": "finding explanation"}),
    ("Objection", Objection, {"NOTE": "says objector answer"}),
    ("Visit", Visit, {"DWELLING": "location sentLocation photos", "NOTE": "answers note findings"}),
    ("VisitRecord", Visit, {"DWELLING": "longitude latitude", "NOTE": "answers note findings"}),
)

TRACE: Final = "TRACE"
FIELDS: Final[Mapping[str, Watched]] = {
    "Household.accessLog": Watched(TRACE, _SUBJECTS[Household]),
    "Household.changeLog": Watched("CHANGES", _SUBJECTS[Household]),
    "Query.auditEntries": Watched(TRACE),  # about nobody in particular: the reading itself is noted
    **{
        f"{type_name}.{name}": Watched(kind, _SUBJECTS[model], meets_of(model))
        for type_name, model, told in _TOLD
        for kind, names in told.items()
        for name in names.split()
    },
}
ACTION: Final = "look"


def _entry(answer: Any, kinds: list[str], name: str) -> Insert:
    """One entry: who saw facts of these kinds, of which families."""
    one = column("one", Text())
    households = func.array_agg(func.split_part(one, "@", 1).cast(Uuid()).distinct(), type_=ARRAY(Uuid()))
    code = func.split_part(one, "@", 2).collate("C")
    told = (
        select(households.label("seen"), func.ruhu_common_region(func.min(code), func.max(code)).label("region_code"))
        .select_from(func.string_to_table(answer.c.seen, ",").table_valued(one, name="told").render_derived())
        .lateral("shown")
    )
    count = func.cardinality(told.c.seen)
    is_due = true() if TRACE in kinds else answer.c.seen.is_not(None)
    is_of_families = told.c.seen.is_not(None)
    values = {
        "at": of_context("at", DateTime(timezone=True)),
        "actor_id": VIEWER_ID,
        "actor_roles": of_viewer("role_names", ARRAY(Text())),
        "action": literal(ACTION, Text()),
        "subject_kind": case((is_of_families, literal("household", Text())), else_=literal("trace", Text())),
        "subject_id": case((count == 1, told.c.seen[1])),
        "region_code": func.coalesce(told.c.region_code, of_viewer("audited_region", Text())),
        "request_id": of_context("request_id", Text()),
        "device_id": of_context("device_id", Text()),
        "detail": func.jsonb_build_object(
            "kinds", cast(literal(kinds, JSONB()), JSONB()), "households", func.coalesce(count, 0)
        ),
        "seen": told.c.seen,
    }
    columns: list[Any] = list(values.values())
    noted = select(*columns).select_from(answer.join(told, true())).where(is_due)
    return insert(AuditEntry.__table__).from_select(list(values), noted)  # type: ignore[arg-type]


# The answer does not wait until the entry is on disk: half a second of looks may be lost if the database's machine fails,
# and nothing else. docs/decisions/0024-reads-that-note-themselves.md weighs it.
WATCH: Final = Watch(FIELDS, _entry, {"synchronous_commit": "off"})
