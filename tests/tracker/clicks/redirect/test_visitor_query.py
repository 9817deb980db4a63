"""A visitor's query may change labels and page of a link, but never the host."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.clicks.traffic import LINK, NOW
from tracker.clicks.redirect.inactive_links import InactiveLink, inactive_link
from tracker.clicks.redirect.visitor_query import apply_visitor_query
from tracker.programs.links.operations import InactiveState, LinkTarget
from tracker.programs.links.query_parameters import MAX_LENGTH_WITH_PARAMETERS, with_token
from tracker.programs.rules import PASSABLE_PARAMETERS

PLAIN = LinkTarget(LINK, "https://shop.example/tea?x=1#top", "ll", {"s1": "bio"}, None)
PASSING = replace(PLAIN, passes=("s1", "s2", "utm_source"))
DEEP = replace(PLAIN, deep_links=True, parameters={"utm_source": "friends"})


@pytest.mark.parametrize(
    ("query", "destination", "labels"),
    [
        ("s1=story&utm_source=mail", "https://shop.example/tea?x=1&s1=story&utm_source=mail#top", "story"),
        ("utm_source=mail&s1=story", "https://shop.example/tea?x=1&s1=story&utm_source=mail#top", "story"),
        ("s1=a+b%26c%3Dd", "https://shop.example/tea?x=1&s1=a%20b%26c%3Dd#top", "a b&c=d"),
        ("s1=%C3%A9%E2%82%AC", "https://shop.example/tea?x=1&s1=%C3%A9%E2%82%AC#top", "é€"),
        ("%73%31=story", "https://shop.example/tea?x=1&s1=story#top", "story"),
        ("s1=first&s1=second", "https://shop.example/tea?x=1&s1=first#top", "first"),
        ("s1=100%", "https://shop.example/tea?x=1&s1=100%25#top", "100%"),
        ("x=2&s3=no&utm_medium=no&ll=forged&evil=1", PLAIN.destination, "bio"),
        ("s1=%ff%fe", PLAIN.destination, "bio"),
        ("s1=a%0d%0aSet-Cookie:x", PLAIN.destination, "bio"),
        ("s1=" + "a" * 101, PLAIN.destination, "bio"),
        ("s1=", PLAIN.destination, "bio"),
        ("", PLAIN.destination, "bio"),
        ("to=/other", PLAIN.destination, "bio"),
    ],
)
def test_only_parameters_that_the_link_allows_are_passed_encoded(
    query: str, destination: str, labels: str
) -> None:
    link = apply_visitor_query(PASSING, query)
    assert (link.destination, link.sub_ids) == (destination, {"s1": labels})


def test_parameters_already_in_the_address_have_priority() -> None:
    link = replace(PASSING, destination="https://shop.example/?utm%5Fsource=own&s2")
    assert apply_visitor_query(link, "utm_source=theirs&s2=theirs").destination == link.destination


def test_a_link_that_passes_nothing_is_unchanged_by_any_query() -> None:
    assert apply_visitor_query(PLAIN, "s1=x&utm_source=y&to=/z") is PLAIN


@pytest.mark.parametrize(
    ("query", "destination"),
    [
        ("to=/cups", "https://shop.example/cups?utm_source=friends"),
        ("to=/cups%3Fsize%3D2%23red", "https://shop.example/cups?size=2&utm_source=friends#red"),
        ("to=/b%C3%BCcher", "https://shop.example/b%C3%BCcher?utm_source=friends"),
        ("to=/?utm_source=own", "https://shop.example/?utm_source=own"),
    ],
)
def test_a_deep_link_leads_to_another_page_of_the_same_host(query: str, destination: str) -> None:
    assert apply_visitor_query(DEEP, query).destination == destination


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "@evil.example/",
        ".evil.example/",
        ":8443/",
        "/a%0d%0aSet-Cookie:%20x",
        "/a%09b",
        "/%zz",
        "/%ff",
        "cups",
        "",
        "/" + "a" * 1100,
    ],
)
def test_an_unsafe_deep_link_leads_to_the_links_own_page(path: str) -> None:
    assert apply_visitor_query(DEEP, f"to={path}").destination == DEEP.destination


QUERY = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.tuples(
        st.sampled_from([*PASSABLE_PARAMETERS, "to", "ll", "%74o", "x"]),
        st.text(st.characters(max_codepoint=255)),
    ).map(lambda pair: f"{pair[0]}={pair[1]}"),
    st.sampled_from(["//evil.example", "/\\evil", "%2f%2fevil", "/%5cevil", "@evil", "/@evil"]).map(
        "to=".__add__
    ),
)


@given(st.lists(QUERY, max_size=6))
def test_no_query_ever_changes_scheme_or_host_or_adds_a_name(queries: list[str]) -> None:
    link = apply_visitor_query(replace(DEEP, passes=PASSABLE_PARAMETERS), "&".join(queries))
    address = with_token(link.destination, "ll", "T")
    parts = urlsplit(address)
    assert address.startswith("https://shop.example/")
    assert address.isascii()
    assert address.isprintable()
    assert " " not in address
    assert len(address) <= MAX_LENGTH_WITH_PARAMETERS + 100
    assert parts.netloc == "shop.example"
    assert parse_qsl(parts.query, keep_blank_values=True)[-1] == ("ll", "T")


def test_an_expired_or_paused_link_is_inactive_with_its_reason() -> None:
    link = replace(PLAIN, expires_at=NOW, fallback_url="https://shop.example/gone")
    assert inactive_link(link, NOW - timedelta(milliseconds=1)) is None
    assert inactive_link(link, NOW) == InactiveLink(InactiveState.LINK_EXPIRED, "https://shop.example/gone")
    paused = replace(PLAIN, inactive=InactiveState.LINK_PAUSED)
    assert inactive_link(paused, NOW) == InactiveLink(InactiveState.LINK_PAUSED, None)


@pytest.mark.parametrize(
    ("state", "is_permanent"),
    [
        (InactiveState.LINK_PAUSED, False),
        (InactiveState.LINK_ENDED, True),
        (InactiveState.LINK_EXPIRED, True),
        (InactiveState.ENROLLMENT_PAUSED, False),
        (InactiveState.ENROLLMENT_ENDED, True),
        (InactiveState.PROGRAM_PAUSED, False),
        (InactiveState.PROGRAM_ENDED, True),
    ],
)
def test_ended_and_expired_links_are_permanent(state: InactiveState, is_permanent: bool) -> None:
    assert state.is_permanent is is_permanent
