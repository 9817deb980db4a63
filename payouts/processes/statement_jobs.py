"""The jobs of statements: close periods, approve drafts after their review, seal what is approved."""

from functools import partial
from typing import Any

from config.database import read_session
from payouts.jobs.context import JobContext
from payouts.statements.close import begin_closing, booking_steps, close_oldest
from payouts.statements.notices import begin_review, noticed_drafts
from payouts.statements.review import approve_automatically, due_for_approval
from payouts.statements.rows.writing import brands_without_rows, write_rows
from payouts.statements.seal import approved_statements
from payouts.statements.seal_run import seal_in_parts

BATCH = 2_000
"""The most rows of a batch; it has fewer where they take longer (payouts/jobs/context.py)."""


def close_periods(context: JobContext) -> dict[str, Any]:
    def close(brand_id: str) -> Any:
        closed, now = [], context.now
        begin = partial(begin_closing, now=now, brand_id=brand_id)
        while (period := context.write(begin)) is not None:
            for step in booking_steps(period):
                context.repeat(step, BATCH, brand_id)
            closed.append(context.write(partial(close_oldest, now=now, brand_id=brand_id)))
        if closed:
            context.repeat(write_rows, BATCH, brand_id)
        return closed

    done = context.each(context.brand_ids(), close)
    return done.as_result(closed=done.results)


def write_statement_rows(context: JobContext) -> dict[str, Any]:
    """Write the rows of drafts that a command or a process of an older version made, or a crash left."""
    done = context.run_in_batches(write_rows, BATCH, brands_without_rows)
    return done.as_result(rows=sum(done.results.values()))


def approve_drafts(context: JobContext) -> dict[str, Any]:
    needs_notice = context.settings.rail != "sandbox"
    if needs_notice:
        _begin_reviews(context)
    with read_session(context.databases.main) as session:
        due = due_for_approval(session, context.now)

    def approve(statement_id: str) -> Any:
        now = context.now
        own = partial(approve_automatically, now=now, statement_id=statement_id, needs_notice=needs_notice)
        return context.write(own)

    done = context.each(due, approve)
    return done.as_result(approved=list(done.results))


def _begin_reviews(context: JobContext) -> None:
    """On a real rail, the review of a draft begins when a mail server has accepted the notice about it."""
    with read_session(context.databases.main) as session:
        noticed = noticed_drafts(session)
    for statement_id in noticed:
        context.write(partial(begin_review, now=context.now, statement_id=statement_id))


def seal_statements(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        waiting = approved_statements(session)

    def seal_one(statement_id: str) -> Any:
        seal_in_parts(context.databases.main, context.write, context.now, statement_id)
        return statement_id

    done = context.each(waiting, seal_one)
    return done.as_result(sealed=list(done.results))
