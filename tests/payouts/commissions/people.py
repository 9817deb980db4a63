"""More people for the cast of the payouts: other creators and what they are shown in the books."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.models import Commission
from payouts.commissions.release import holds_of
from payouts.ledger.balances import CreatorBalance
from tests.payouts.balances import creator_balance
from tests.payouts.cast import Books, at
from tracker.clicks.token import make_token
from tracker.ids import new_uuid, uuid_of
from tracker.people.accounts.operations import create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll
from tracker.sales.orders.models import Sale

ZERO_BALANCES = (0, 0, 0)


def balances_of(books: Books) -> tuple[int, int, int]:
    """Held, payable, in transit."""
    balance = books.balance()
    return balance.pending_minor, balance.payable_minor, balance.in_transit_minor


def decide(books: Books, what: object, order: str, when: str, **reason: str) -> None:
    commission_id = books.commission(order).id
    books.write(lambda s: what(s, at(when), commission_id, **reason))  # type: ignore[operator]


@dataclass(frozen=True)
class LinkedCreator:
    """A creator with a link."""

    creator_id: str
    link_id: str


def another_creator(books: Books, name: str, program_id: str = "", **link: Any) -> LinkedCreator:
    """Another creator of the program, or of another one. `link` may give a rate of its own, `rate_bp`."""

    def work(session: Session) -> LinkedCreator:
        creator = create_creator(session, at("09-01"), name=name, email=f"{name}@example.com", country="DE")
        program = program_id or books.program_id
        enroll(session, at("09-01"), program_id=program, creator_id=creator.id)
        return LinkedCreator(creator.id, _link(session, books, program, creator.id, name, **link))

    person: LinkedCreator = books.write(work)
    return person


def another_link(books: Books, code: str, program_id: str = "", **link: Any) -> str:
    """Another link of the first creator."""
    program = program_id or books.program_id
    made: str = books.write(lambda s: _link(s, books, program, books.creator_id, code, **link))
    return made


def _link(session: Session, books: Books, program_id: str, creator_id: str, code: str, **more: Any) -> str:
    return create_link(
        session,
        at("09-01"),
        program_id=program_id,
        creator_id=creator_id,
        destination="https://shop.example/tea",
        code=code,
        **more,
    ).id


def another_program(books: Books, **conditions: Any) -> str:
    """A program of the same brand, in which the first creator takes part."""

    def work(session: Session) -> str:
        program = create_program(session, at("09-01"), brand_id=books.brand_id, name="Other", **conditions)
        enroll(session, at("09-01"), program_id=program.id, creator_id=books.creator_id)
        return program.id

    made: str = books.write(work)
    return made


def click(books: Books, link_id: str, when: str) -> str:
    """The token of a click that a person made then."""
    return make_token(
        books.settings.secret_keys, new_uuid(at(when)), uuid_of(link_id, "lnk"), earns=True, confirmed=True
    )


def report_again(books: Books, order: str, net: int, sold: str, token: str, now: str, **fields: Any) -> None:
    """The shop reports the same sale a second time, with another click: new evidence."""
    data = {"order_id": order, "occurred_at": at(sold).isoformat(), "currency": "EUR", "click": token}
    amounts = {"total": net, "tax": 0, "shipping": 0, "discount": 0}
    books.report("sale.created", data | amounts | fields, f"sale-{order}-{now}", at(now))


def commissions(books: Books, order: str) -> list[tuple[str, bool, int]]:
    """Of each revision: whose it is, whether it is the one that counts, and what it is worth."""
    with read_session(books.databases.main) as session:
        query = select(Commission).join(Sale).where(Sale.order_id == order).order_by(Commission.revision)
        return [
            (each.creator_id, each.live, current_amount_minor(entries_of(session, each.id)))
            for each in session.scalars(query)
        ]


def amount(books: Books, order: str) -> int:
    with read_session(books.databases.main) as session:
        query = select(Commission.id).join(Sale).where(Sale.order_id == order, Commission.live)
        return current_amount_minor(entries_of(session, session.scalars(query).one()))


def holds(books: Books, order: str) -> list[str]:
    """The reasons for which the order's commission is held now."""
    with read_session(books.databases.main) as session:
        query = select(Commission.id).join(Sale).where(Sale.order_id == order, Commission.live)
        return [each.reason for each in holds_of(session, session.scalars(query).one())]


def balance_of(books: Books, creator_id: str, currency: str = "EUR") -> CreatorBalance:
    with read_session(books.databases.main) as session:
        return creator_balance(session, books.brand_id, creator_id, currency)
