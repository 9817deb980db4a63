"""A street of shops: a brand whose links are followed at a real edge, and one shop of each kind."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from tests.browser import shops
from tests.browser.messages import SECRETS
from tests.browser.server import LAYOUT, POLL_S, Storefront, open_storefront
from tests.tracker.clicks.edge_thread import edge_in_a_thread
from tracker.clicks.models import ClickConfirmation
from tracker.clicks.redirect.edge import create_edge
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import create_source
from wsgi import create_app


@dataclass(frozen=True)
class Brand:
    program_id: str
    creators: dict[str, str]
    """Ids by name."""
    enrollments: dict[str, str]
    """Names by id."""
    sources: dict[str, str]
    """Ids by kind."""


@dataclass(frozen=True)
class Marketplace:
    """Links and shops have different host names, as they have in life."""

    databases: Databases
    brand: Brand
    link_url: str
    shops: dict[str, Storefront]
    plain: Storefront
    """A shop without pages, for tests that bring their own."""

    def link_to(self, address: str, creator: str = "anna") -> str:
        """The address of a new link of that creator's."""

        def work(session: Session) -> str:
            own = self.brand
            link = create_link(
                session,
                datetime.now(UTC),
                program_id=own.program_id,
                creator_id=own.creators[creator],
                destination=address,
            )
            return link.code

        return f"{self.link_url}/{transact(self.databases.main, work)}"

    @property
    def fronts(self) -> tuple[Storefront, ...]:
        return (self.plain, *self.shops.values())

    def take_faults(self) -> list[Exception]:
        """What went wrong at the shops' servers since it was last asked for."""
        faults = [fault for each in self.fronts for fault in each.faults]
        for each in self.fronts:
            each.faults.clear()
        return faults

    def credited(self, order_id: str) -> str | None:
        """Who is credited for an order, by name."""
        with read_session(self.databases.main) as session:
            of_order = select(Attribution).join(Sale, Sale.id == Attribution.sale_id)
            [decision] = session.scalars(of_order.where(Sale.order_id == order_id))
        return self.brand.enrollments[decision.enrollment_id] if decision.enrollment_id else None

    def confirmed(self) -> int:
        """How many prerenders are known to have been seen."""
        with read_session(self.databases.clicks) as session:
            return len(session.scalars(select(ClickConfirmation.click_id)).all())


@contextmanager
def open_marketplace(settings: Settings) -> Iterator[Marketplace]:
    databases = open_databases(settings)
    brand = transact(databases.main, lambda session: _make_brand(session, settings))
    with ExitStack() as stack:
        edge_port, _ = stack.enter_context(edge_in_a_thread(create_edge(settings)))
        hook_port = stack.enter_context(_hooks(settings))
        link_url = f"http://localhost:{edge_port}"

        def opened(layout: str = LAYOUT) -> Storefront:
            return stack.enter_context(open_storefront(Storefront(f"{link_url}/ll.js", layout=layout)))

        fronts = {kind: opened() for kind in SECRETS}
        reports = {kind: shops.order_reporter(kind, hook_port, brand.sources[kind]) for kind in SECRETS}
        shops.standard(fronts["standard"], reports["standard"])
        shops.stripe(fronts["stripe"], reports["stripe"], opened(layout="{body}"))
        shops.shopify(fronts["shopify"], reports["shopify"])
        shops.woocommerce(fronts["woocommerce"], reports["woocommerce"])
        yield Marketplace(databases, brand, link_url, fronts, opened())
    databases.close()


def _make_brand(session: Session, settings: Settings) -> Brand:
    now = datetime.now(UTC) - timedelta(days=1)
    brand = create_brand(
        session, now, name="Teas", currency="EUR", timezone="Europe/Berlin", hosts=["127.0.0.1"]
    )
    program_id = create_program(session, now, brand_id=brand.id, name="Friends", rate_bp=1000).id
    creators, enrollments = {}, {}
    for name in ("anna", "bob"):
        email = f"{name}@people.example"
        creators[name] = create_creator(session, now, name=name, email=email, country="DE").id
        own = enroll(session, now, program_id=program_id, creator_id=creators[name])
        enrollments[own.id] = name
    sources = {
        kind: create_source(
            session, now, brand_id=brand.id, kind=kind, secret=secret, keys=settings.secret_keys
        )[0].id
        for kind, secret in SECRETS.items()
    }
    return Brand(program_id, creators, enrollments, sources)


@contextmanager
def _hooks(settings: Settings) -> Iterator[int]:
    """The port of the whole web application, of which the shops use the hooks."""
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["linkledger"].databases.close()
