"""Who helps whom in the demo, with some history: hand-overs, pairings that ended, students with their three helpers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.base.models import namespace_id
from domain.demo.families import Member
from domain.demo.helping import HELPER, HELPERS, ORGANISATION, DemoHelper, DemoOrganisation
from domain.demo.rows import Rows
from domain.demo.settlements import Settled

SINCE: Final = date(2019, 7, 1)
HAND_OVER_DAYS: Final = 100  # so many days before the load, six families went from one cadre to another
LIXING, FEIYING, RUIYING, TAIAN = "350125201205", "350125201201", "350125201203", "341503104208"

# Which cadre goes to the families of which village, and to how many before the next one takes over.
_ROUNDS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    LIXING: (("cadre", 8), ("other_cadre", 10)),
    FEIYING: (("cadre", 6), ("other_cadre", 10)),
    RUIYING: (("cadre", 4), ("cadre_fuquan_3", 10)),
    "350125201202": (("other_cadre", 6), ("cadre_fuquan_3", 8)),
    "350125201204": (("cadre_fuquan_4", 11),),
    "350125201206": (("cadre_fuquan_4", 11),),
    "350125201207": (("cadre_fuquan_3", 9),),
    "350125201208": (("cadre_fuquan_4", 9),),
    "350125201209": (("cadre_fuquan_3", 8),),
    "350124201201": (("cadre_shanglian", 12),),
    "350124201210": (("cadre_shanglian", 9),),
    "350123203203": (("cadre_huokou", 12),),
    "350123201201": (("cadre_hongyang", 9),),
    TAIAN: (("cadre_dushan", 12), ("cadre_dushan_2", 12)),
    "341503104201": (("cadre_dushan_2", 14),),
    "341503104212": (("cadre_dushan", 12),),
    "130434205222": (("cadre_weixian", 10),),
    "130433100229": (("cadre_guantao", 8),),
    "653123202205": (("cadre_yengisar", 26),),
    "653125104202": (("cadre_yarkant", 14),),
    "371481101338": (("cadre_laoling", 12),),
    "371481101352": (("cadre_laoling", 10),),
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Somebody goes to a family, from one day until (not on) another: what visits are made for."""

    helper: DemoHelper
    settled: Settled
    started_on: date
    ended_on: date | None


class Pairings:
    """Writes pairings, and the lists (household_access) that open ones lead to."""

    def __init__(self, rows: Rows, at: datetime) -> None:
        self.rows = rows
        self.at = at
        self.today = at.date()

    def write(
        self,
        role: str,
        party: DemoHelper | DemoOrganisation,
        settled: Settled | None = None,
        *,
        member: Member | None = None,
        village_code: str | None = None,
        started_on: date = SINCE,
        ended_on: date | None = None,
        end_reason: str | None = None,
        mode: str | None = None,
        terms: Mapping[str, Any] | None = None,
        succeeds: uuid.UUID | None = None,
        contact: DemoHelper | None = None,
        responsible: DemoHelper | None = None,
    ) -> uuid.UUID:
        """One pairing with a household, or a member of it, or else a village."""
        helped = member.key if member else settled.family.key if settled else village_code
        region_code = settled.region_code if settled else village_code
        pairing = namespace_id(f"demo pairing {role} {party.key} {helped}")
        is_helper = isinstance(party, DemoHelper)
        self.rows.add(
            "pairing",
            id=pairing,
            role=role,
            region_code=region_code,
            helper_id=party.id if is_helper else None,
            organisation_id=None if is_helper else party.id,
            household_id=settled.id if settled and not member else None,
            person_id=member.id if member else None,
            village_id=None if settled else namespace_id(f"village {village_code}"),
            started_on=started_on,
            ended_on=ended_on,
            end_reason=end_reason,
            mode=mode,
            terms=None if terms is None else json.dumps(terms),
            succeeds_id=succeeds,
            contact_id=contact and contact.id,
            responsible_id=responsible and responsible.id,
            created_at=self.at,
        )
        if settled and ended_on is None:
            self.rows.add(
                "household_access",
                pairing_id=pairing,
                party_id=party.id,
                household_id=settled.id,
                region_code=region_code,
            )
        return pairing

    def key_help(self, settled: Sequence[Settled]) -> list[Assignment]:
        """A cadre for every family on a roster, and outside Fuzhou for every family but the ordinary ones."""
        helped: list[Assignment] = []
        for code, turns in _ROUNDS.items():
            needy = [s for s in settled if s.region_code == code and (s.rosters or not code.startswith("3501"))]
            waiting = iter(one for one in needy if one.family.category != "ORDINARY")
            for key, count in turns:
                taken = [one for _, one in zip(range(count), waiting, strict=False)]
                for number, one in enumerate(taken):
                    # The first six of Li Guifang's in Lixing came to her from a cadre who was transferred.
                    is_inherited = key == "cadre" and code == LIXING and number < 6
                    helped += self._inherited(one) if is_inherited else self._from_the_start(HELPER[key], one)
        return helped

    def _from_the_start(self, helper: DemoHelper, settled: Settled) -> list[Assignment]:
        self.write("KEY_HELP", helper, settled)
        return [Assignment(helper, settled, SINCE, None)]

    def _inherited(self, settled: Settled) -> list[Assignment]:
        before, after = HELPER["former_cadre"], HELPER["cadre"]
        day = self.today - timedelta(days=HAND_OVER_DAYS)
        old = self.write("KEY_HELP", before, settled, ended_on=day, end_reason="HELPER_TRANSFERRED")
        self.write("KEY_HELP", after, settled, started_on=day, succeeds=old)
        return [Assignment(before, settled, SINCE, day), Assignment(after, settled, day, None)]

    def others(self, settled: Sequence[Settled]) -> None:
        """Everybody else who helps: leaders, technicians, partners, enterprises, three helpers for each student."""
        in_village = {
            code: [one for one in settled if one.region_code == code and not one.ended_on] for code in _ROUNDS
        }
        leaders = {helper.region_code: helper for helper in HELPERS if helper.kind == "WEALTH_LEADER"}
        for one in settled:
            if one.rosters:
                self.write("WEALTH_LEADER", leaders[one.region_code], one)
        for one in in_village[LIXING][10:18]:
            self.write("TECHNICAL_GUIDANCE", HELPER["technician"], one, started_on=date(2020, 3, 1))
        self.write("FIRST_SECRETARY", HELPER["first_secretary"], village_code=LIXING)
        officer = HELPER["village_officer"]
        self.write(
            "RESIDENT_TEAM",
            ORGANISATION["resident_team"],
            village_code=LIXING,
            contact=HELPER["first_secretary"],
            responsible=officer,
        )
        self.write("SUNSHINE_HAND", ORGANISATION["partner"], village_code=LIXING, mode="LONG_TERM", responsible=officer)
        for one in in_village[LIXING][4:10]:
            self.write("VILLAGE_AND_HOUSEHOLD_LINK", ORGANISATION["partner"], one, started_on=date(2020, 5, 1))
        self._benefit_links("other_partner", in_village[TAIAN][:9] + in_village["341503104201"][:4])
        self._benefit_links("cooperative", in_village[FEIYING][:7])
        self._students([*in_village[LIXING], *in_village[FEIYING]])

    def _benefit_links(self, organisation: str, settled: Sequence[Settled]) -> None:
        """利益联结, in several modes; the last one has run out."""
        modes: Sequence[tuple[str, Mapping[str, Any]]] = (
            ("GUARANTEED_PURCHASE", {"product": "茶青", "yuanPerKilogram": "46.00"}),
            ("ORDERS", {"product": "茶青", "kilograms": 300}),
            ("SHARE_DIVIDEND", {"shares": 10, "yuanPerYear": "1200.00"}),
        )
        for number, one in enumerate(settled):
            mode, terms = modes[number % 3]
            is_last = number == len(settled) - 1
            self.write(
                "BENEFIT_LINK",
                ORGANISATION[organisation],
                one,
                mode=mode,
                terms=terms,
                ended_on=self.today - timedelta(days=60) if is_last else None,
                end_reason="TERM_COMPLETED" if is_last else None,
            )

    def _students(self, settled: Sequence[Settled]) -> None:
        """三帮一: a cadre, a teacher and an entrepreneur for each student, eight of them."""
        stages = ("PRIMARY", "JUNIOR_SECONDARY", "SENIOR_SECONDARY", "SECONDARY_VOCATIONAL")
        students = [(one, m) for one in settled if one.rosters for m in one.family.members if m.school_status in stages]
        for one, student in students[:8]:
            for role, key in (
                ("STUDENT_CADRE", "cadre_fuquan_3"),
                ("STUDENT_TEACHER", "teacher"),
                ("STUDENT_ENTREPRENEUR", "entrepreneur"),
            ):
                self.write(role, HELPER[key], one, member=student, started_on=date(2020, 9, 1))
