"""How many papers each county has numbered. Nothing of anybody."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from domain.base.models import Base


class NoticeSerial(Base):
    """The last number of a word, kind and year (公示编号). Drawn by `ruhu_next_notice` alone (0045_notices)."""

    __tablename__ = "notice_serial"

    word: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
