"""The requests: 100,000 links drawn by Zipf's law, 2,000 user agents, the headers that browsers send."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate, islice
from pathlib import Path

from sqlalchemy import insert, select

from bench.load import SEPARATOR
from config.database import Databases
from tests.cast.people import create_cast
from tracker.ids import new_id
from tracker.programs.models import Link

LINKS = 100_000
USER_AGENTS = 2_000
REQUESTS = 50_000
SEED = 20261101
_BATCH = 5_000
_NOW = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15"
_GECKO = "(KHTML, like Gecko)"
_INSTAGRAM = "Mobile/15E148 Instagram 389.0.{build}.49.87 (iPhone14,5; iOS {major}_{minor})"
_AGENTS = (
    f"{_IPHONE} {_GECKO} {_INSTAGRAM}",
    f"{_IPHONE} {_GECKO} Version/{{major}}.{{minor}} Mobile/15E{{build}} Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; SM-S92{{minor}}B) {_GECKO} Chrome/{{build}}.0.0.0 Mobile Safari/537",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {_GECKO} Chrome/{{build}}.0.{{minor}}.0",
)
_REFERRERS = (
    "https://l.instagram.com/",
    "https://www.tiktok.com/",
    "https://www.youtube.com/",
    "https://t.co/",
)
_REQUEST = (
    "GET /{code} HTTP/1.1\r\nHost: go.example\r\nConnection: keep-alive\r\nUser-Agent: {agent}\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
    "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n"
    "Sec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\nReferer: {referrer}\r\n\r\n"
)


def code_of(number: int) -> str:
    return f"k{number:06d}"


def make_links(databases: Databases, number: int = LINKS, first: int = 0) -> None:
    """Create the active links number `first` to `number` - 1 of one creator; those before `first` exist."""
    with databases.main.connect() as connection:
        owner = connection.scalar(select(Link.enrollment_id).limit(1))
    owner = owner or create_cast(databases, _NOW).enrollment_id
    rows = (_link(owner, each) for each in range(first, number))
    while batch := list(islice(rows, _BATCH)):
        with databases.main.begin() as connection:
            connection.execute(insert(Link), batch)


def _link(enrollment_id: str, number: int) -> dict[str, object]:
    code = code_of(number)
    return {
        "id": new_id("lnk", _NOW),
        "enrollment_id": enrollment_id,
        "code": code,
        "code_key": code,
        "destination": f"https://shop.example/tea/{number}?ref=anna",
        "sub_ids": {"s1": "bio"},
        "state": "active",
        "created_at": _NOW,
    }


def user_agents() -> list[str]:
    rng = random.Random(SEED)
    return [
        _AGENTS[number % len(_AGENTS)].format(
            major=rng.randint(15, 19), minor=rng.randint(0, 9), build=100 + number
        )
        for number in range(USER_AGENTS)
    ]


def requests(links: int = LINKS, number: int = REQUESTS) -> Iterator[str]:
    rng = random.Random(SEED)
    weights = list(accumulate(1 / rank for rank in range(1, links + 1)))
    agents = user_agents()
    for drawn in rng.choices(range(links), cum_weights=weights, k=number):
        yield _REQUEST.format(code=code_of(drawn), agent=rng.choice(agents), referrer=rng.choice(_REFERRERS))


def cold_requests(links: int, number: int = REQUESTS) -> Iterator[str]:
    """Each request is for a different link, so that no link is cached."""
    agents = user_agents()
    rng = random.Random(SEED)
    drawn = rng.sample(range(links), min(number, links))
    for each in drawn:
        yield _REQUEST.format(code=code_of(each), agent=rng.choice(agents), referrer=_REFERRERS[0])


def write_requests(path: Path, lines: Sequence[str]) -> Path:
    path.write_bytes(SEPARATOR.join(line.encode() for line in lines))
    return path
