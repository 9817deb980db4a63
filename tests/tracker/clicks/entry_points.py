"""The two entry points of the redirect with one link, each behind a real server on loopback."""

import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.people import PERSON, Cast
from tests.tracker.clicks.edge_thread import edge_in_a_thread
from tests.tracker.clicks.visitors import PEOPLE
from tracker.clicks.models import Click
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.edge import Edge
from tracker.clicks.redirect.link_cache import LinkCache
from tracker.clicks.redirect.link_source import link_source
from tracker.clicks.redirect.parts import RedirectParts
from tracker.clicks.redirect.shown_brands import shown_brands_of
from tracker.clicks.token import read_token
from tracker.http.site import Site
from tracker.programs.links.operations import create_link
from wsgi import create_app

DESTINATION = "https://shop.example/tea?x=1&y=%26#top"
POLL_S = 0.02
BROWSER = PEOPLE["Safari on iPhone"][0]


@dataclass(frozen=True)
class EntryPoint:
    databases: Databases
    settings: Settings
    port: int
    link_id: str
    links: LinkCache

    def request(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, headers={"User-Agent": BROWSER, **headers})
        return connection.getresponse()

    def send(self, request: bytes) -> bytes:
        """The whole response to a raw request, which should contain `Connection: close`."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def verdicts(self) -> list[str]:
        with self.databases.clicks.connect() as connection:
            return sorted(connection.scalars(select(Click.verdict)))

    def is_right(self, location: str) -> bool:
        """Whether it is the link's destination, with a valid token if it has one."""
        pattern = r"https://shop\.example/tea\?x=1&y=%26(?:&ll=([A-Za-z0-9_-]{87}))?#top"
        found = re.fullmatch(pattern, location)
        return found is not None and (
            found[1] is None or read_token(self.settings.secret_keys, found[1]).earns
        )


def make_link(databases: Databases, cast: Cast, now: datetime) -> str:
    def make(session: Session) -> str:
        link = create_link(
            session,
            now,
            actor=PERSON,
            program_id=cast.program_id,
            creator_id=cast.member_id,
            destination=DESTINATION,
            code="Anna",
            sub_ids={"s1": "bio"},
        )
        return link.id

    return transact(databases.main, make)


@contextmanager
def flask_entry_point(settings: Settings, databases: Databases, link_id: str) -> Iterator[EntryPoint]:
    app = create_app(settings)
    site: Site = app.extensions["linkledger"]
    parts = site.part(RedirectParts)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield EntryPoint(databases, settings, server.server_port, link_id, parts.links)
    server.shutdown()
    thread.join()
    server.server_close()
    parts.confirmations.close()
    parts.recorder.close()
    parts.links.close()
    site.databases.close()


@contextmanager
def edge_entry_point(settings: Settings, databases: Databases, link_id: str) -> Iterator[EntryPoint]:
    links = LinkCache(link_source(databases.main))
    edge = Edge(settings, Recorder.of(settings), links, shown_brands_of(databases.main))
    with edge_in_a_thread(edge) as (port, _):
        yield EntryPoint(databases, settings, port, link_id, links)


OpenEntryPoint = Callable[[Settings, Databases, str], AbstractContextManager[EntryPoint]]
ENTRY_POINTS: dict[str, OpenEntryPoint] = {"flask": flask_entry_point, "edge": edge_entry_point}
