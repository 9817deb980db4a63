"""Changes of a brand's rules: the calendar changes with the next period, the rest at once."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from payouts.ledger.calendar import calendar_change_at
from payouts.ledger.operations import lock_books
from payouts.ledger.pay_days import note_new_rules
from payouts.ledger.periods import last_period_end
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.people.accounts.brand_rules import RulesVersion
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import add_rules, load_rules


def change_rules(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    **changes: Any,
) -> RulesVersion:
    """Add a version that differs from the newest one by `changes` (a field of RulesVersion each).

    Cadence and zone take effect when the last period ends that contains `now` or is stored, so that periods
    follow one another without gap or overlap; of several changes before that, the last counts. The review
    counts for the statements that are drafted from now on. Raises Invalid, NotFound and Conflict.
    """
    brand = get_brand(session, brand_id)
    lock_books(session, brand.id)  # nobody may add a period of the former calendar meanwhile
    history = load_rules(session, brand.id)
    newest = history.newest
    new = replace(newest, **changes)
    if new == newest:
        raise Invalid(f"Nothing changes: version {newest.version} of the rules is already the same.")
    if (new.cadence, new.timezone) == (newest.cadence, newest.timezone):
        effective_at = max(now, newest.effective_at)  # a change of the calendar that is planned stays planned
    else:
        effective_at = calendar_change_at(history, now, last_period_end(session, brand.id))
    added = add_rules(session, now, brand.id, newest, replace(new, effective_at=effective_at))
    note_new_rules(session, now, brand.id, history, load_rules(session, brand.id))
    before, after = (
        {
            "cadence": each.cadence,
            "timezone": each.timezone,
            "review_days": each.review_days,
            "effective_at": each.effective_at,
            "approve_without_notice": each.approve_without_notice,
            "second_person_above_minor": each.second_person_above_minor,
        }
        for each in (newest, added)
    )
    whose = about(Subject.BRAND, brand.id, brand.id)
    record(session, now, actor, Action.BRAND_EDIT, **whose, before=before, after=after)
    return added
