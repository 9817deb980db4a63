"""The brand, its program and shop, and the creators with a link and a payee each."""

from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy.orm import Session

from bench.books.options import CURRENCY, RATE_BP, ZONE, FillOptions, SeededIds
from bench.books.rows import RowWriter
from config.database import Databases, transact
from payouts.ledger.rules import account_id
from tracker.audit.actors import command_line
from tracker.people.accounts.operations import CREATOR, create_brand
from tracker.programs.operations import create_program, list_terms
from tracker.sales.sources.operations import create_source

ACTOR = command_line("bench")
FIRST_SHARE = 0.1
"""The share of the sales that the first creator has: 100,000 of a million."""
_FLATNESS = 20
"""The others follow Zipf's law with this offset."""
_WRITTEN_PER_FLUSH = 2_000


@dataclass(frozen=True)
class Member:
    """A creator with an enrollment and a link, and the ids of the creator's accounts."""

    creator_id: str
    enrollment_id: str
    link_id: str
    name: str
    account_ref: str
    pending: str
    payable: str
    in_transit: str


@dataclass(frozen=True)
class People:
    """`weights` are cumulative: how likely a sale is one of each member's."""

    brand_id: str
    brand_name: str
    program_id: str
    terms_id: str
    source_id: str
    namespace: str
    secret: str
    members: list[Member]
    weights: list[float]


def make_people(
    databases: Databases, options: FillOptions, writer: RowWriter, ids: SeededIds, founded_at: datetime
) -> People:
    """Create them through the product, but the creators in bulk."""
    name = f"Bench {options.seed}"

    def work(session: Session) -> tuple[str, str, str, str, str, str]:
        fields = {"currency": CURRENCY, "timezone": ZONE, "hosts": ["shop.example"]}
        brand = create_brand(session, founded_at, name=name, **fields)  # type: ignore[arg-type]
        program = create_program(
            session,
            founded_at,
            actor=ACTOR,
            brand_id=brand.id,
            name="Friends",
            rate_bp=RATE_BP,
            hold_days=options.hold_days,
        )
        terms = list_terms(session, program.id)[0]
        keys = options.settings.secret_keys
        source, secret = create_source(
            session, founded_at, actor=ACTOR, brand_id=brand.id, kind="standard", keys=keys
        )
        return brand.id, program.id, terms.id, source.id, source.namespace, secret

    brand_id, program_id, terms_id, source_id, namespace, secret = transact(databases.main, work)
    members = _make_members(options, writer, ids, founded_at, brand_id, program_id)
    weights = list(accumulate([FIRST_SHARE, *_shares_of_others(len(members) - 1)]))
    return People(brand_id, name, program_id, terms_id, source_id, namespace, secret, members, weights)


def _shares_of_others(number: int) -> list[float]:
    shares = [1 / (rank + _FLATNESS) for rank in range(number)]
    return [share / sum(shares) * (1 - FIRST_SHARE) for share in shares] if shares else []


def _make_members(
    options: FillOptions,
    writer: RowWriter,
    ids: SeededIds,
    founded_at: datetime,
    brand_id: str,
    program_id: str,
) -> list[Member]:
    creators = writer.table("creator", "id", "name", "email", "country", "created_at")
    enrollments = writer.table("enrollment", "id", "program_id", "creator_id", "state", "created_at")
    links = writer.table(
        "link", "id", "enrollment_id", "code", "code_key", "destination", "sub_ids", "state", "created_at"
    )
    payees = writer.table(
        "payee", "id", "brand_id", "creator_id", "account_ref", "ready", "checked_at", "created_at"
    )
    members = []
    for number in range(options.creators):
        member = _member(number, options.seed, ids, founded_at, brand_id)
        code, at = f"b{options.seed}x{number:06d}", founded_at
        destination = f"https://shop.example/tea/{number}"
        email = f"creator{number}.{options.seed}@people.example"
        creators((member.creator_id, member.name, email, "DE", at))
        enrollments((member.enrollment_id, program_id, member.creator_id, "active", at))
        sub_ids = {"s1": "bio"}
        links((member.link_id, member.enrollment_id, code, code, destination, sub_ids, "active", at))
        payees((ids.new("pye", at), brand_id, member.creator_id, member.account_ref, True, at, at))
        members.append(member)
        if number % _WRITTEN_PER_FLUSH == 0:
            writer.flush()
    writer.flush()
    return members


def _member(number: int, seed: int, ids: SeededIds, at: datetime, brand_id: str) -> Member:
    creator_id = ids.new(CREATOR, at)
    pending, payable, in_transit = (
        account_id(brand_id, kind, CURRENCY, creator_id) for kind in ("pending", "payable", "in_transit")
    )
    enrollment_id, link_id = ids.new("enr", at), ids.new("lnk", at)
    account_ref = f"acct_bench{seed}x{number:06d}"
    name = f"Creator {number}"
    return Member(creator_id, enrollment_id, link_id, name, account_ref, pending, payable, in_transit)
