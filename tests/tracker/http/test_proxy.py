import pytest
from flask import Flask, request

from tracker.http.proxy import TrustedProxies


@pytest.fixture
def app() -> Flask:
    app = Flask("proxied")
    app.add_url_rule("/", view_func=lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    app.wsgi_app = TrustedProxies(app.wsgi_app, "10.0.0.1, 192.168.0.0/24")  # type: ignore[method-assign]
    return app


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "links.example",
}


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.168.0.77"])
def test_headers_of_a_trusted_proxy_are_used(app: Flask, peer: str) -> None:
    response = app.test_client().get("/", headers=FORWARDED, environ_base={"REMOTE_ADDR": peer})
    assert response.text == "203.0.113.9 https links.example"


@pytest.mark.parametrize("peer", ["10.0.0.2", "203.0.113.1", "", "nonsense"])
def test_untrusted_peers_keep_their_own_address(app: Flask, peer: str) -> None:
    response = app.test_client().get("/", headers=FORWARDED, environ_base={"REMOTE_ADDR": peer})
    assert response.text.endswith(" http localhost")
    assert "203.0.113.9" not in response.text
