"""The whole public language: every noun's root fields, joined."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.accounts import AccountMutations, AccountQueries
from schema.analysing import EffectAnalysisMutations
from schema.benefit_links import BenefitLinkMutations, BenefitLinkQueries
from schema.campaigns import CampaignMutations, CampaignQueries
from schema.case_mutations import CaseMutations
from schema.cases import CaseQueries
from schema.checks import CheckQueries
from schema.client_config import ClientConfigQueries
from schema.clients import ClientMutations, ClientQueries
from schema.clue_alerts import ClueSubscriptions
from schema.clues import ClueQueries
from schema.department_lists import DepartmentListMutations, DepartmentListQueries
from schema.duties import DutyQueries
from schema.effect_analyses import EffectAnalysisQueries
from schema.elimination import EliminationMutations, EliminationQueries
from schema.engine import Catalogue, check
from schema.errors import FieldConflict, InvalidValue, MissingRequirement, TooMany
from schema.families import HouseholdMutations
from schema.funnel import FunnelQueries
from schema.grades import GradeQueries
from schema.grading import GradeMutations, IndicatorQueries
from schema.grading_rounds import GradingRoundQueries
from schema.grading_schemes import GradingSchemeQueries
from schema.hardship import HardshipMutations, HardshipQueries
from schema.hardship_reports import HardshipReportMutations, HardshipReportQueries
from schema.helpers import HelperQueries
from schema.household_push import HouseholdPushMutations
from schema.household_search import HouseholdQueries
from schema.live import ChangeSubscriptions
from schema.measures import MeasureQueries
from schema.measuring import MeasureMutations
from schema.monitoring import MonitoringMutations
from schema.moves import HouseholdMoveMutations, HouseholdMoveQueries
from schema.node import NodeQueries
from schema.notices import NoticeQueries
from schema.pairing_coverage import PairingCoverageQueries
from schema.pairing_gaps import PairingGapQueries
from schema.pairings import PairingMutations, PairingQueries
from schema.partners import PartnerMutations, PartnerQueries
from schema.planning import PlanMutations
from schema.policy import PolicyMutations, PolicyQueries
from schema.posters import PosterQueries
from schema.programmes import ProgrammeMutations, ProgrammeQueries
from schema.pulls import PullQueries
from schema.regions import RegionQueries
from schema.relief import ReliefQueries
from schema.relieving import ReliefMutations
from schema.replay import ReplayQueries
from schema.reveal import RevealMutations
from schema.reviews import ReviewMutations, ReviewQueries
from schema.rights import RightsMutations
from schema.scalars import CODECS, SCALAR_MAP
from schema.statistics import StatisticsQueries
from schema.submissions import SubmissionMutations, SubmissionQueries
from schema.summaries import SummaryQueries
from schema.survey_forms import SurveyFormQueries
from schema.sweeping import SweepMutations
from schema.sweeps import SweepQueries
from schema.tasks import TaskQueries
from schema.terms import TermQueries
from schema.trace import AuditQueries
from schema.unmet_needs import UnmetNeedsQueries
from schema.viewer import ViewerQueries
from schema.visit_periods import VisitPeriodQueries
from schema.visits import VisitQueries
from schema.webhooks import WebhookMutations, WebhookQueries


@strawberry.type(description="Everything that can be asked. 查询")
class Query(
    ClientConfigQueries,
    ViewerQueries,
    AccountQueries,
    ClientQueries,
    WebhookQueries,
    NodeQueries,
    RegionQueries,
    HouseholdQueries,
    HouseholdMoveQueries,
    HelperQueries,
    PairingQueries,
    PairingCoverageQueries,
    PairingGapQueries,
    PartnerQueries,
    BenefitLinkQueries,
    CampaignQueries,
    VisitQueries,
    SubmissionQueries,
    ReviewQueries,
    ClueQueries,
    CheckQueries,
    CaseQueries,
    EliminationQueries,
    NoticeQueries,
    SummaryQueries,
    SweepQueries,
    GradeQueries,
    StatisticsQueries,
    FunnelQueries,
    MeasureQueries,
    ReliefQueries,
    EffectAnalysisQueries,
    GradingRoundQueries,
    GradingSchemeQueries,
    IndicatorQueries,
    TaskQueries,
    DepartmentListQueries,
    HardshipQueries,
    HardshipReportQueries,
    PolicyQueries,
    ProgrammeQueries,
    PosterQueries,
    ReplayQueries,
    PullQueries,
    DutyQueries,
    VisitPeriodQueries,
    UnmetNeedsQueries,
    SurveyFormQueries,
    TermQueries,
    AuditQueries,
):
    """Plain data is answered by the read engine in one SQL statement per request."""


@strawberry.type(description="Everything that can be done. 变更")
class Mutation(
    AccountMutations,
    ClientMutations,
    WebhookMutations,
    SubmissionMutations,
    ReviewMutations,
    HouseholdMutations,
    HouseholdPushMutations,
    HouseholdMoveMutations,
    RevealMutations,
    RightsMutations,
    PairingMutations,
    PartnerMutations,
    BenefitLinkMutations,
    CampaignMutations,
    MonitoringMutations,
    CaseMutations,
    EliminationMutations,
    SweepMutations,
    PlanMutations,
    MeasureMutations,
    ReliefMutations,
    EffectAnalysisMutations,
    GradeMutations,
    HardshipMutations,
    HardshipReportMutations,
    DepartmentListMutations,
    PolicyMutations,
    ProgrammeMutations,
):
    """Each is one domain action in one transaction; errors in values are data in its payload."""


@strawberry.type(description="Everything that can be listened to, from now on. 订阅")
class Subscription(ChangeSubscriptions, ClueSubscriptions):
    """Each event is a pull of what changed; the engine answers its selection."""


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[InvalidValue, FieldConflict, MissingRequirement, TooMany],
    config=StrawberryConfig(scalar_map=SCALAR_MAP, disable_field_suggestions=True),
)


@cache
def catalogue(*, by_rehearsal: bool = False) -> Catalogue:
    """What the engine knows of the schema, made once per process; DeclarationError where a declaration does not hold.

    A rehearsal also compiles every planned field, which takes seconds: `./ruhu check` and the tests do it, a start does
    not.
    """
    return check(Catalogue(schema, CODECS), by_rehearsal=by_rehearsal)
