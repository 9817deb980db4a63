"""Pages are compressed for clients that accept it, and for no others."""

import gzip

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from tracker.http.compression import MIN_BYTES, install_compression

PAGE = "<!doctype html>" + "<p>Ä</p>" * 500


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    install_compression(app)
    bodies: dict[str, Response | str] = {
        "page": PAGE,
        "short": "<p>",
        "json": Response(PAGE, mimetype="application/json"),
    }
    bodies["done"] = Response(PAGE, headers={"Content-Encoding": "br"})
    bodies["stream"] = Response((part for part in (PAGE, PAGE)), mimetype="text/html")

    @app.get("/<name>")
    def show(name: str) -> Response | str:
        return bodies[name]

    return app.test_client()


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*"])
def test_a_page_is_compressed(client: FlaskClient, accepted: str) -> None:
    response = client.get("/page", headers={"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data).decode() == PAGE
    assert response.headers["Content-Length"] == str(len(response.data))
    assert len(response.data) < MIN_BYTES
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_a_client_that_does_not_accept_it_gets_the_page_as_it_is(client: FlaskClient, accepted: str) -> None:
    response = client.get("/page", headers={"Accept-Encoding": accepted})
    assert (response.text, response.headers["Vary"]) == (PAGE, "Accept-Encoding")


@pytest.mark.parametrize("path", ["/short", "/json", "/done", "/stream"])
def test_nothing_else_is_compressed(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert response.headers.get("Content-Encoding") in (None, "br")


def test_head_has_the_headers_of_get(client: FlaskClient) -> None:
    response = client.head("/page", headers={"Accept-Encoding": "gzip"})
    assert (response.data, response.headers["Content-Encoding"]) == (b"", "gzip")
