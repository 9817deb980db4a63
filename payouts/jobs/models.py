"""Tables of job runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class StartedBy(StrEnum):
    SCHEDULE = "schedule"
    PERSON = "person"


class JobRun(Base):
    """One run of a job in one slot. `fence` grows with each takeover; writes of earlier holders then fail.

    `started_by` is a StartedBy. `due_at` and `every_s` are the beginning and the length of the slot; a run
    that a person started has neither. `cpu_ms` and `rows_done` say what the run cost, once it has ended.
    Runs of older versions have none of the four.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "slot", name="one_run_per_job_and_slot"),
        CheckConstraint("state in ('running', 'done', 'failed')", name="job_state_known"),
        Index("ix_job_run_started", "job", "started_at"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    job: Mapped[str]
    slot: Mapped[str]
    started_by: Mapped[str | None] = mapped_column(
        CheckConstraint("started_by in ('schedule', 'person')", name="job_started_by_known")
    )
    state: Mapped[str]
    fence: Mapped[int]
    lease_until: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    every_s: Mapped[int | None]
    cpu_ms: Mapped[int | None]
    rows_done: Mapped[int | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)


class Clock(Base):
    """The latest time as of which jobs have run. One row; the time only moves forward."""

    __tablename__ = "job_clock"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_clock"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[datetime]
