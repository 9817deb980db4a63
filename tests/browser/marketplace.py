"""A marketplace: a brand whose links are served by a real edge, and one shop of each kind."""

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
from tests.cast.people import PERSON, add_brand_with_program, add_member
from tests.tracker.clicks.edge_thread import edge_in_a_thread
from tracker.clicks.models import ClickConfirmation
from tracker.clicks.redirect.edge import create_edge
from tracker.programs.links.operations import create_link
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
    """Links and shops have different host names, as in production."""

    databases: Databases
    brand: Brand
    link_url: str
    shops: dict[str, Storefront]
    plain: Storefront
    """A shop without pages, for tests that add their own."""

    def link_to(self, address: str, creator: str = "anna") -> str:
        """Create a link of the creator. Returns its address."""

        def work(session: Session) -> str:
            brand = self.brand
            link = create_link(
                session,
                datetime.now(UTC),
                actor=PERSON,
                program_id=brand.program_id,
                creator_id=brand.creators[creator],
                destination=address,
            )
            return link.code

        return f"{self.link_url}/{transact(self.databases.main, work)}"

    @property
    def fronts(self) -> tuple[Storefront, ...]:
        return (self.plain, *self.shops.values())

    def take_errors(self) -> list[Exception]:
        """Errors of the shops' servers since the last call."""
        errors = [error for each in self.fronts for error in each.errors]
        for each in self.fronts:
            each.errors.clear()
        return errors

    def credited(self, order_id: str) -> str | None:
        """The name of the creator who is credited for an order."""
        with read_session(self.databases.main) as session:
            of_order = select(Attribution).join(Sale, Sale.id == Attribution.sale_id)
            [decision] = session.scalars(of_order.where(Sale.order_id == order_id))
        return self.brand.enrollments[decision.enrollment_id] if decision.enrollment_id else None

    def confirmed(self) -> int:
        """Number of prerender confirmations."""
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

        def open_shop(layout: str = LAYOUT) -> Storefront:
            return stack.enter_context(open_storefront(Storefront(f"{link_url}/ll.js", layout=layout)))

        fronts = {kind: open_shop() for kind in SECRETS}
        reports = {kind: shops.order_reporter(kind, hook_port, brand.sources[kind]) for kind in SECRETS}
        shops.standard(fronts["standard"], reports["standard"])
        shops.stripe(fronts["stripe"], reports["stripe"], open_shop(layout="{body}"))
        shops.shopify(fronts["shopify"], reports["shopify"])
        shops.woocommerce(fronts["woocommerce"], reports["woocommerce"])
        shops.lemonsqueezy(fronts["lemonsqueezy"], reports["lemonsqueezy"], open_shop(layout="{body}"))
        yield Marketplace(databases, brand, link_url, fronts, open_shop())
    databases.close()


def _make_brand(session: Session, settings: Settings) -> Brand:
    now = datetime.now(UTC) - timedelta(days=1)
    brand_id, program_id = add_brand_with_program(session, now, timezone="Europe/Berlin", hosts=["127.0.0.1"])
    members = {name: add_member(session, now, program_id, name, linked=False) for name in ("anna", "bob")}
    creators = {name: each.creator_id for name, each in members.items()}
    enrollments = {each.enrollment_id: name for name, each in members.items()}
    sources = {
        kind: create_source(
            session, now, actor=PERSON, brand_id=brand_id, kind=kind, secret=secret, keys=settings.secret_keys
        )[0].id
        for kind, secret in SECRETS.items()
    }
    return Brand(program_id, creators, enrollments, sources)


@contextmanager
def _hooks(settings: Settings) -> Iterator[int]:
    """Run the web application, whose webhooks the shops use. Yields its port."""
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["linkledger"].databases.close()
