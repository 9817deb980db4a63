"""The pages of a creator. The home answers, brand by brand: how much, when, why not more, what came."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.portal.held import HeldMonth, Owner, TakenBack, held_by_month, taken_back_since
from payouts.portal.home import BalanceAtBrand, creator_home
from payouts.portal.lines import lines_of_creator
from payouts.portal.links import links_of_creator
from payouts.portal.next_payday import NextPayday, next_payday
from payouts.portal.received import received
from payouts.portal.words import change_words
from tracker.http.site import site
from tracker.language.formats import day_in
from tracker.language.texts import gettext_noop as N_
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import creator_page
from tracker.people.access.person import Person
from tracker.ui.navigation import Item, Layout, register_items

blueprint = Blueprint("portal", __name__, url_prefix="/app/me", template_folder="templates")
register_items(blueprint, Layout.CREATOR, Item("portal.home", N_("Home"), "home", 10))

SHOWN_SINCE = timedelta(days=90)
LATEST_LINES = 5


@dataclass(frozen=True)
class AtBrand:
    """The answers of one brand, in one currency."""

    balance: BalanceAtBrand
    payday: NextPayday
    held: list[HeldMonth]
    taken_back: list[TakenBack]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever earned, or all of it was paid."""
        balance = self.balance
        return not (balance.available.minor or balance.held.minor or balance.on_its_way.minor)


@blueprint.get("/")
@creator_page("shows a creator's own balances, links and sales")
def home(person: Person) -> str:
    now, here = request_time(), site()
    creator_id = person.creator_id
    assert creator_id is not None, "the guard requires it"
    with read_session(here.databases.main) as session, read_session(here.databases.clicks) as clicks:
        balances = creator_home(session, now, creator_id)
        brands = [_at_brand(session, now, creator_id, each) for each in balances]
        links = links_of_creator(session, clicks, now, creator_id)
        lines = lines_of_creator(session, creator_id, limit=LATEST_LINES)
        payouts = received(session, now, creator_id)
    return render_template(
        "portal/home.html",
        brands=brands,
        links=links,
        lines=sorted((line for line in lines if line.live), key=attrgetter("sold_at"), reverse=True),
        payouts=payouts,
        zone=person.timezone or "UTC",
        link_url=here.settings.link_url,
        change_words=change_words,
        first_of=_first_of,
        day_of=date.fromisoformat,
        day_in=day_in,
    )


def _at_brand(session: Session, now: datetime, creator_id: str, balance: BalanceAtBrand) -> AtBrand:
    owner = Owner(creator_id, balance.brand_id, balance.available.currency)
    return AtBrand(
        balance,
        next_payday(session, now, creator_id, balance),
        held_by_month(session, owner),
        list(taken_back_since(session, owner, now - SHOWN_SINCE)),
    )


def _first_of(month: str) -> date:
    """The first day of a month, YYYY-MM."""
    return date.fromisoformat(f"{month}-01")
