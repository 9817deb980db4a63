"""People and machines are distinguished, and each verdict has a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.clicks.corpus import REQUESTS, Request
from tests.tracker.clicks.visitors import CRAWLERS, PEOPLE, PREVIEWS
from tracker.clicks.counting.verdict import classify
from tracker.clicks.counting.visitor import HEADERS, device_class, referrer_host
from tracker.clicks.models import VERDICTS

PERSON = {"user-agent": PEOPLE["Chrome on Windows"][0]}


@pytest.mark.parametrize("name", PEOPLE)
def test_browsers_and_in_app_browsers_are_persons(name: str) -> None:
    user_agent, device = PEOPLE[name]
    headers = {"user-agent": user_agent, "sec-fetch-dest": "document"}
    assert classify("GET", headers).kind == "person"
    assert device_class(headers) == device


@pytest.mark.parametrize("name", PREVIEWS)
def test_link_preview_services_are_previews(name: str) -> None:
    assert classify("GET", {"user-agent": PREVIEWS[name]}).kind == "preview"


@pytest.mark.parametrize("name", CRAWLERS)
def test_programs_are_crawlers(name: str) -> None:
    assert classify("GET", {"user-agent": CRAWLERS[name]}).kind == "crawler"


@pytest.mark.parametrize(
    ("headers", "kind", "reason"),
    [
        ({"sec-purpose": "prefetch"}, "prefetch", "Sec-Purpose: prefetch"),
        ({"sec-purpose": "prefetch;anonymous-client-ip"}, "prefetch", "Sec-Purpose: prefetch"),
        ({"sec-purpose": "prefetch;prerender", "purpose": "prefetch"}, "unconfirmed", "prerendered"),
        ({"sec-purpose": " Prefetch; Prerender"}, "unconfirmed", "prerendered"),
        ({"purpose": "prefetch"}, "prefetch", "Purpose: prefetch"),
        ({"x-purpose": "preview"}, "prefetch", "X-Purpose: preview"),
        ({"x-purpose": "instant"}, "prefetch", "X-Purpose: instant"),
        ({"x-moz": "Prefetch"}, "prefetch", "X-Moz: prefetch"),
        ({"sec-fetch-dest": "image"}, "embedded", "loaded as image"),
        ({"sec-fetch-dest": "iframe"}, "embedded", "loaded as iframe"),
        ({"sec-fetch-dest": "script"}, "embedded", "loaded as script"),
        ({"sec-fetch-dest": "empty"}, "embedded", "loaded as empty"),
        ({"sec-fetch-dest": "<b>"}, "embedded", "loaded as a part"),
        ({"sec-fetch-dest": "document"}, "person", "browser"),
        ({"purpose": "shopping", "x-moz": ""}, "person", "browser"),
        ({}, "person", "browser"),
    ],
    ids=str,
)
def test_purpose_headers_decide_for_browsers(headers: dict[str, str], kind: str, reason: str) -> None:
    verdict = classify("GET", {**PERSON, **headers})
    assert verdict.kind == kind
    assert reason in verdict.reason


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: each.name)
def test_real_requests_get_the_right_verdict(request_: Request) -> None:
    verdict = classify(request_.method, request_.headers)
    assert (verdict.kind, bool(verdict.reason)) == (request_.verdict, True)
    if request_.device is not None:
        assert device_class(request_.headers) == request_.device


def test_the_corpus_covers_every_verdict() -> None:
    assert {each.verdict for each in REQUESTS} == set(VERDICTS)
    assert sum(each.verdict == "person" for each in REQUESTS) > 70
    assert sum(each.verdict != "person" for each in REQUESTS) > 70


@pytest.mark.parametrize(
    ("user_agent", "reason"),
    [
        ("BarracudaCentral LinkProtect", "mail scanner: barracuda"),
        ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "mail scanner: proofpoint"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)", "mail scanner: microsoft office"),
        ("PostmanRuntime/7.44.1", "a program, no browser"),
    ],
)
def test_the_reason_names_the_deciding_pattern(user_agent: str, reason: str) -> None:
    assert classify("GET", {"user-agent": user_agent}).reason == reason


def test_a_machine_does_not_become_a_person_by_prerendering() -> None:
    for user_agent in (*PREVIEWS.values(), *CRAWLERS.values()):
        assert not classify("GET", {"user-agent": user_agent, "sec-purpose": "prefetch;prerender"}).earns


def test_a_head_request_is_never_a_person() -> None:
    assert classify("HEAD", PERSON).kind == "head"
    assert not classify("HEAD", PERSON).earns


def test_header_content_after_the_length_limit_is_ignored() -> None:
    long_agent = PERSON["user-agent"].ljust(256) + "Googlebot/2.1"
    assert classify("GET", {"user-agent": long_agent}).kind == "person"


@given(
    st.sampled_from(["GET", "HEAD", "", "POST"]),
    st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=300)),
)
def test_any_request_gets_a_known_verdict_with_a_short_reason(method: str, headers: dict[str, str]) -> None:
    verdict = classify(method, headers)
    assert verdict.kind in VERDICTS
    assert 0 < len(verdict.reason) < 80
    assert verdict.reason.isprintable()
    assert device_class(headers) in ("phone", "tablet", "desktop", "other")
    host = referrer_host(headers)
    assert host is None or (host.isascii() and host.isprintable())


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://l.instagram.com/?u=https%3A%2F%2Flinks.example%2Fanna", "l.instagram.com"),
        ("https://Blog.example:8443/anna/private?name=x", "blog.example"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("https://anna:secret@blog.example/", "blog.example"),
        ("https://" + "a" * 300 + ".example/", "a" * 248),
        ("https://203.0.113.7/page", None),
        ("https://[2001:db8::1]/page", None),
        ("https://[broken/", None),
        ("https://bl og/", None),
        ("about:blank", None),
        ("", None),
    ],
)
def test_only_the_host_of_the_referrer_is_stored(referrer: str, host: str | None) -> None:
    assert referrer_host({"referer": referrer}) == host
