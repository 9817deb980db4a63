"""A brand's home: what is left of the set-up, what waits, and the figures of the month."""

from datetime import date

from flask import render_template, url_for
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.home.month import Month, month_of_brand
from payouts.backoffice.home.shown_tasks import ShownTask, shown
from payouts.backoffice.home.tasks import brand_tasks
from payouts.backoffice.setup_state import SetupState, Step, setup_state
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.days import day_of
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.roles import EVERY_ROLE, RUNS_THE_PROGRAM
from tracker.people.accounts.rules_versions import load_rules


@blueprint.get("/")
@brand_page(*EVERY_ROLE, reason="shows what waits at the brand, and its month")
def home(person: Person, brand_id: str) -> str:
    now = request_time()
    with (
        read_session(site().databases.main) as session,
        read_session(site().databases.clicks) as clicks,
    ):
        brand = get_brand(session, brand_id)
        state = setup_state(session, brand_id)
        tasks = [shown(each) for each in brand_tasks(session, now, brand)]
        this_month = _month(session, brand)
        month = month_of_brand(session, clicks, brand, this_month)
        before = month_of_brand(session, clicks, brand, _month_before(this_month))
    may_change = person.roles[brand_id] in RUNS_THE_PROGRAM
    steps = _steps(state, brand_id) if may_change else []
    return render_template(
        "backoffice/home.html",
        brand=brand,
        may_change=may_change,
        now=now,
        steps=steps,
        tasks=tasks,
        month=month,
        before=before,
        chart_days=_days_shown(month, this_month),
    )


def _month(session: Session, brand: Brand) -> date:
    """The first day of the brand's present month."""
    today = date.fromisoformat(day_of(load_rules(session, brand.id), request_time()))
    return today.replace(day=1)


def _month_before(first: date) -> date:
    return date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)


def _days_shown(month: Month, first: date) -> list[tuple[date, int]]:
    """The days of the month with their credited sales."""
    return [(first.replace(day=number), sales) for number, sales in enumerate(month.daily_sales, start=1)]


def _steps(state: SetupState, brand_id: str) -> list[ShownTask]:
    """What is left of the set-up, as tasks."""
    words = {
        Step.PROGRAM: (
            _("Say what creators earn"),
            _("Without a program nobody can take part."),
            _("Set the terms"),
            "backoffice.program",
        ),
        Step.SHOP: (
            _("Connect the shop"),
            _("No message of a shop has arrived yet. Without it, no sale is known."),
            _("Connect the shop"),
            "backoffice.shop",
        ),
        Step.CREATOR: (
            _("Make the first link"),
            _("Invite a creator, and make a link that leads to the shop."),
            _("Go to the creators"),
            "backoffice.creators",
        ),
    }
    return [
        ShownTask(title, text, label, url_for(endpoint, brand_id=brand_id))
        for title, text, label, endpoint in (words[step] for step in state.open_steps)
    ]
