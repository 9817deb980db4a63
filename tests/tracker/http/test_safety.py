"""Error responses, security headers and CSRF protection of the whole application."""

from collections.abc import Iterator

import pytest
from flask import Flask, abort
from sqlalchemy.exc import OperationalError, ProgrammingError

from config.database import Databases
from config.settings import Settings
from tracker.errors import Conflict, Fault, Invalid, NotFound, NotNow
from wsgi import create_app

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

ERRORS: dict[str, tuple[Exception, int]] = {
    "invalid": (Invalid("It is <b>wrong</b>."), 422),
    "missing": (NotFound("It is <b>wrong</b>."), 404),
    "conflict": (Conflict("It is <b>wrong</b>."), 409),
    "early": (NotNow("It is <b>wrong</b>."), 409),
    "fault": (Fault("It is <b>wrong</b>."), 500),
    "busy": (OperationalError("select 'secret'", {}, Exception("the server at 192.0.2.1 is gone")), 503),
    "broken": (ProgrammingError("select 'secret'", {}, Exception("syntax")), 500),
    "surprise": (RuntimeError("for anna@example.com"), 500),
}


@pytest.fixture
def app(settings: Settings, databases: Databases) -> Iterator[Flask]:
    """The application with extra views: one per error, for people and for programs, and forms."""
    made = create_app(settings)
    for name, (error, _status) in ERRORS.items():
        for prefix in ("/app/fail/", "/api/fail/"):
            made.add_url_rule(f"{prefix}{name}", f"{prefix}{name}", failing(error))
    for prefix in ("/app/form", "/api/form", "/hooks/form"):
        made.add_url_rule(prefix, prefix, lambda: "done", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    made.add_url_rule("/app/teapot", "teapot", lambda: abort(418, "<script>alert(1)</script>"))
    yield made
    made.extensions["linkledger"].databases.close()


def failing(error: Exception):  # type: ignore[no-untyped-def]
    def view() -> str:
        raise error

    return view


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_a_page_for_people(app: Flask, name: str) -> None:
    response = app.test_client().get(f"/app/fail/{name}")
    assert (response.status_code, response.mimetype) == (ERRORS[name][1], "text/html")
    assert all(
        word not in response.text for word in ("<b>wrong", "secret", "192.0.2.1", "anna@", "Traceback")
    )
    if isinstance(ERRORS[name][0], Invalid | NotFound | Conflict | NotNow | Fault):
        assert "It is &lt;b&gt;wrong&lt;/b&gt;." in response.text


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_json_for_programs(app: Flask, name: str) -> None:
    response = app.test_client().get(f"/api/fail/{name}")
    assert (response.status_code, response.mimetype) == (ERRORS[name][1], "application/problem+json")
    assert response.json is not None
    assert response.json["status"] == ERRORS[name][1]
    assert all(word not in response.text for word in ("secret", "192.0.2.1", "anna@", "Traceback"))


def test_a_busy_database_sends_retry_after(app: Flask) -> None:
    for path in ("/app/fail/busy", "/api/fail/busy"):
        assert app.test_client().get(path).headers["Retry-After"] == "5"


def test_http_error_descriptions_are_escaped(app: Flask) -> None:
    response = app.test_client().get("/app/teapot")
    assert response.status_code == 418
    assert "<script>" not in response.text


def test_a_wrong_method_gets_the_allow_header(app: Flask) -> None:
    response = app.test_client().post("/healthz")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/app/fail/surprise", "/static/linkledger.css", "/xyz"])
def test_every_response_has_the_security_headers(app: Flask, path: str) -> None:
    response = app.test_client().get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    if response.mimetype == "text/html":
        policy = response.headers["Content-Security-Policy"]
        for rule in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert rule in policy
        # The page of an unknown link has no script at all.
        assert ("script-src" not in policy) if path == "/xyz" else ("script-src 'self'" in policy)
        assert "unsafe" not in policy
        assert response.headers["Referrer-Policy"] == "same-origin"


def test_after_a_page_over_tls_browsers_use_tls_alone(app: Flask) -> None:
    client = app.test_client()
    over_tls = client.get("/app/sign-in", base_url="https://ll.example")
    assert over_tls.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in client.get("/app/sign-in").headers


@pytest.mark.parametrize("address", ["/app/form?a=%00", "/app/form%00", "/app/fo%00rm?a=1"])
def test_an_address_with_a_character_that_no_database_takes_is_refused(app: Flask, address: str) -> None:
    response = app.test_client().get(address)
    assert response.status_code == 400
    assert "cannot be read" in response.text


def test_a_form_with_too_many_parts_is_told_so(app: Flask) -> None:
    parts = {f"part{number}": "x" for number in range(1_100)}
    response = app.test_client().post("/app/sign-in", data=parts, content_type="multipart/form-data")
    assert response.status_code == 413
    assert "in smaller parts" in response.text


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://["},
    {"Origin": ""},
]
OWN = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {},  # no browser
]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("headers", FOREIGN)
def test_cross_site_posts_are_rejected(app: Flask, method: str, headers: dict[str, str]) -> None:
    response = app.test_client().open("/app/form", method=method, headers=headers)
    assert response.status_code == 403
    assert "another site" in response.text


@pytest.mark.parametrize("headers", OWN)
def test_same_origin_posts_are_accepted(app: Flask, headers: dict[str, str]) -> None:
    assert app.test_client().post("/app/form", headers=headers).text == "done"


@pytest.mark.parametrize("headers", FOREIGN)
def test_get_requests_and_signed_calls_are_accepted_from_any_site(
    app: Flask, headers: dict[str, str]
) -> None:
    client = app.test_client()
    assert client.get("/app/form", headers=headers).text == "done"
    for path in ("/api/form", "/hooks/form"):
        assert client.post(path, headers=headers).text == "done"


def test_a_path_similar_to_a_signed_one_is_protected(app: Flask) -> None:
    for path in ("/hooks", "/apis/form", "//hooks/form", "/app/../hooks/form"):
        response = app.test_client().post(path, headers=FOREIGN[0])
        assert response.status_code in (403, 404, 405, 308)


@pytest.mark.parametrize(
    "name", ["../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "/etc/passwd", "nothing.css"]
)
def test_only_static_files_are_served(app: Flask, name: str) -> None:
    response = app.test_client().get(f"/static/{name}")
    assert response.status_code in (404, 308)
    assert "Blueprint" not in response.text


def test_static_files_have_a_max_age(app: Flask) -> None:
    response = app.test_client().get("/static/linkledger.css")
    assert (response.status_code, response.mimetype) == (200, "text/css")
    assert "max-age=3600" in response.headers["Cache-Control"]


def test_without_a_database_health_succeeds_and_readiness_fails(app: Flask, settings: Settings) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    app.extensions["linkledger"].databases.close()
    (settings.home / "linkledger.db").unlink()
    for suffix in ("-wal", "-shm"):
        (settings.home / f"linkledger.db{suffix}").unlink(missing_ok=True)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json) == (503, {"status": "not ready", "reason": "OperationalError"})
    assert client.get("/healthz").json == {"status": "ok"}


def test_creating_the_application_opens_no_connection(settings: Settings, databases: Databases) -> None:
    app = create_app(settings)
    site = app.extensions["linkledger"]
    assert site.databases.main.pool.checkedout() == 0
    assert site.databases.main.pool.checkedin() == 0


def test_demo_pages_exist_in_demo_mode_only(settings: Settings, databases: Databases) -> None:
    usual = {rule.rule for rule in create_app(settings).url_map.iter_rules()}
    demo = {rule.rule for rule in create_app(settings.model_copy(update={"demo": True})).url_map.iter_rules()}
    assert not any(rule.startswith("/demo") for rule in usual)
    assert any(rule.startswith("/demo") for rule in demo - usual)
