"""All tables of the domain at once: for migrations, and for tests that ask something of every table."""

from sqlalchemy import MetaData

from domain.access.models import Account
from domain.assistance.models import Measure
from domain.audit.models import AuditEntry
from domain.base.models import Base
from domain.calendar.models import CalendarDay
from domain.campaigns.models import Campaign
from domain.cases.models import MonitoringCase
from domain.changes.models import Change
from domain.grades.models import RiskGrade
from domain.hardship.models import HardshipReport
from domain.helpers.models import Helper
from domain.households.models import Household
from domain.links.models import BenefitLink
from domain.lists.models import DepartmentList
from domain.monitoring.models import Clue
from domain.notices.models import NoticeSerial
from domain.pairings.models import Pairing
from domain.policy.models import PolicyValue
from domain.programmes.models import ProgrammeCase
from domain.regions.models import Region
from domain.signing_in.models import Credential
from domain.statistics.models import StatisticsDelta
from domain.sweeps.models import Sweep
from domain.tasks.models import Task
from domain.visits.models import Visit
from domain.webhooks.models import WebhookEndpoint

# One class of each models.py: importing it is what puts its tables into the metadata.
NOUNS = (
    Account,
    AuditEntry,
    BenefitLink,
    CalendarDay,
    Campaign,
    Change,
    Clue,
    Credential,
    DepartmentList,
    HardshipReport,
    Helper,
    Household,
    Measure,
    MonitoringCase,
    NoticeSerial,
    Pairing,
    PolicyValue,
    ProgrammeCase,
    Region,
    RiskGrade,
    StatisticsDelta,
    Sweep,
    Task,
    Visit,
    WebhookEndpoint,
)


def metadata() -> MetaData:
    """The metadata with every table in it."""
    return Base.metadata
