"""What a viewer's roles allow, as apps need it to offer only what can be done: the names of mutations.

A permission says that some grant allows it somewhere; whether it covers this family, the action says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ARRAY, Text, any_, column, func, select, values

from domain.access.recusal import CaseLevel
from domain.access.rules import OFFICER_ROLES, ROLES_THAT_MEET_FAMILIES, GrantRole
from domain.accounts.rules import ADMINISTERS
from domain.assistance.rules import GIVES_RELIEF, KNOWS_THE_FAMILY, STEPS, TOWNSHIP_AND_ABOVE, MeasureAct
from domain.campaigns.rules import OPENS_CAMPAIGNS, REPORTS
from domain.cases.actions.kinship import DECLARES
from domain.cases.rules import who_may
from domain.cases.transitions import Event
from domain.families import rules as families
from domain.families.rules import Verb
from domain.grades import rules as grades
from domain.hardship.rules import ENTERS_CALLS
from domain.links import rules as links
from domain.lists.rules import DELIVERS_LISTS
from domain.pairings import rules as pairings
from domain.pairings.partnership import FILES_AGREEMENTS
from domain.policy import rules as policy
from domain.programmes import rules as programmes
from domain.rights.rules import WHO_ERASES, WHO_EXPORTS
from domain.sweeps.rules import OPENS_SWEEPS, REPORTS_DISASTERS
from schema.engine import of_viewer

WHO_MAY: Final[Mapping[str, Collection[GrantRole]]] = {
    "submitVisits": ROLES_THAT_MEET_FAMILIES,
    "amendVisit": ROLES_THAT_MEET_FAMILIES,
    "reviewSubmission": OFFICER_ROLES,
    "registerHousehold": families.WHO_MAY[Verb.REGISTER],
    "editHousehold": families.WHO_MAY[Verb.EDIT],
    "changeMembers": families.WHO_MAY[Verb.CHANGE_MEMBERS],
    "splitHousehold": families.WHO_MAY[Verb.SPLIT],
    "mergeHouseholds": families.WHO_MAY[Verb.MERGE],
    "pushHouseholds": ROLES_THAT_MEET_FAMILIES,
    "moveHousehold": families.WHO_MAY[Verb.MOVE],
    "decideHouseholdMove": families.WHO_MAY[Verb.DECIDE_MOVE],
    "withdrawHouseholdMove": families.WHO_MAY[Verb.MOVE],
    "revealIdentity": ROLES_THAT_MEET_FAMILIES,
    "exportHousehold": WHO_EXPORTS,
    "eraseHousehold": WHO_ERASES,
    "erasePerson": WHO_ERASES,
    "submitDepartmentList": DELIVERS_LISTS,
    **dict.fromkeys(
        (
            "registerWebhook",
            "rotateWebhookSecret",
            "disableWebhook",
            "enableWebhook",
            "sendTestEvent",
            "redeliverEvent",
        ),
        frozenset({GrantRole.ADMINISTRATOR, GrantRole.DEPARTMENT, GrantRole.PARTNER, GrantRole.INTEGRATOR}),
    ),
    "assignPairing": pairings.DECIDES,
    "handOverPairing": pairings.DECIDES,
    "endPairing": pairings.DECIDES,
    "fileAgreement": FILES_AGREEMENTS,
    "nameContacts": pairings.DECIDES,
    "agreeBenefitLink": links.AGREES,
    "endBenefitLink": links.AGREES,
    "recordBenefitDelivery": links.DELIVERS,
    "openCampaign": OPENS_CAMPAIGNS,
    "reportActivity": REPORTS,
    "recordIncomeStatement": families.WHO_MAY[Verb.EDIT],
    "verifyClue": {*families.WHO_MAY[Verb.EDIT], GrantRole.DEPARTMENT},  # of the clues of its own lists
    "makePlan": KNOWS_THE_FAMILY,
    "endPlan": KNOWS_THE_FAMILY,
    "addMeasure": STEPS[MeasureAct.ADD].who,
    "approveMeasure": STEPS[MeasureAct.APPROVE].who,
    "startDelivery": STEPS[MeasureAct.START].who,
    "deliverMeasure": STEPS[MeasureAct.DELIVER].who,
    "confirmMeasure": STEPS[MeasureAct.CONFIRM].who,
    "cancelMeasure": STEPS[MeasureAct.CANCEL].who,
    "writeEffectAnalysis": KNOWS_THE_FAMILY,
    "confirmEffectAnalysis": TOWNSHIP_AND_ABOVE,
    "giveRelief": GIVES_RELIEF,
    "reviewRelief": GIVES_RELIEF,
    "openProgrammeCase": programmes.ROLES_OF[CaseLevel.VILLAGE] | programmes.ROLES_OF[CaseLevel.TOWNSHIP],
    "advanceProgrammeCase": programmes.WHO_ACTS,
    "proposeGrade": grades.PROPOSES,
    "reviewGrade": grades.REVIEWS,
    "fileGrade": grades.FILES,
    "openMonitoringCase": who_may(Event.OPENED),
    "requestComparison": who_may(Event.COMPARISON_REQUESTED),
    "answerComparison": {GrantRole.DEPARTMENT},
    "explainHit": who_may(Event.HIT_EXPLAINED),
    "concludeComparison": who_may(Event.COMPARISON_CONCLUDED),
    "recordAppraisal": who_may(Event.APPRAISAL_AGREED),
    "publishNotice": who_may(Event.NOTICE_PUBLISHED),
    "recordObjection": who_may(Event.OBJECTION_RECORDED),
    "resolveObjection": who_may(Event.OBJECTION_NOT_UPHELD),
    **dict.fromkeys(("reviewAtTownship", "reviewCasesAtTownship"), who_may(Event.TOWNSHIP_APPROVED)),
    "decideAtCounty": who_may(Event.COUNTY_APPROVED),
    "announceResult": who_may(Event.RESULT_ANNOUNCED),
    "proposeElimination": who_may(Event.ELIMINATION_PROPOSED),
    "approveCategoryChange": who_may(Event.CATEGORY_CHANGE_APPROVED),
    "decideCategoryChange": who_may(Event.CATEGORY_CHANGED),
    "declareKinship": DECLARES,
    "confirmNationalEntry": who_may(Event.NATIONAL_ENTRY_CONFIRMED),
    "openSweep": OPENS_SWEEPS,
    "reportDisaster": REPORTS_DISASTERS,
    "excludeFromSweep": OFFICER_ROLES,
    "raiseSweepClue": ROLES_THAT_MEET_FAMILIES,
    "reportHardship": (),  # everybody, without an account too: no role brings it
    "enterHotlineCall": ENTERS_CALLS,
    "matchHardshipReport": OFFICER_ROLES,
    "dismissHardshipReport": OFFICER_ROLES,
    "adoptPolicy": policy.WHO_ADOPTS.values(),
    "createAccount": ADMINISTERS,
    "disableAccount": ADMINISTERS,
    "enableAccount": ADMINISTERS,
    "grantRole": ADMINISTERS,
    "endGrant": ADMINISTERS,
    "nameDeputy": ADMINISTERS,
    "createClient": ADMINISTERS,
    "rotateClientSecret": ADMINISTERS,
    "disableClient": ADMINISTERS,
}


def permissions_of(roles: Collection[GrantRole]) -> list[str]:
    """The mutations that these roles allow, in the order of the alphabet."""
    return sorted(name for name, allowed in WHO_MAY.items() if not set(roles).isdisjoint(allowed))


def permissions_of_viewer() -> Any:
    """The same in SQL, so that it is a plain field of the viewer."""
    pairs = [(name, role.value) for name, allowed in sorted(WHO_MAY.items()) for role in sorted(allowed)]
    table = values(column("permission", Text()), column("role", Text()), name="may").data(pairs)
    held = select(table.c.permission).where(table.c.role == any_(of_viewer("role_names", ARRAY(Text())))).distinct()
    return func.array(held.order_by(table.c.permission).scalar_subquery(), type_=ARRAY(Text()))
