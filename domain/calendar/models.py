"""The days that differ from Monday to Friday."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base


class CalendarDay(Base):
    """A weekday that is off, or a weekend day that is worked (法定节假日、调休), by a notice of the State Council."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    name: Mapped[str]
    source: Mapped[str]
