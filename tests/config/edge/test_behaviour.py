"""Failures, clients that leave, logs, and the start and the end of the worker."""

import logging
import socket
import threading
import time

import pytest

from tests.config.edge.raw_client import QUICK, Edge, Failure, get, running, wait_until

ADDRESS = "127.0.0.1"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """gunicorn's log does not propagate to the root logger."""
    logging.getLogger("gunicorn.error").addHandler(caplog.handler)
    return caplog


@pytest.mark.parametrize("at_once", [True, False])
def test_an_error_is_a_500_and_one_line_in_the_log(
    edge: Edge, log: pytest.LogCaptureFixture, at_once: bool
) -> None:
    client = edge.connect(get("/fail" if at_once else "/later") + get("/not-read"))
    if not at_once:
        edge.finish(Failure("at 203.0.113.9 with a secret"))
    status, headers, body = client.response()
    assert (status, headers["connection"]) == (500, "close")
    assert b"secret" not in body
    assert client.is_closed()
    (line,) = log.messages
    assert line.startswith("a request failed: Failure at ")
    assert "secret" not in log.text
    assert "203.0.113.9" not in log.text
    assert "Traceback" not in log.text


def test_malformed_requests_are_not_logged(edge: Edge, log: pytest.LogCaptureFixture) -> None:
    for request in (b"\x00\r\n\r\n", get("/" + "x" * 20_000), b"GET /secret HTTP/1.1\r\n\r\n"):
        edge.status(request)
    assert log.text == ""


def test_a_client_that_leaves_before_its_response_harms_nothing(
    edge: Edge, log: pytest.LogCaptureFixture
) -> None:
    for error in (None, Failure("x")):
        client = edge.connect(get("/later"))
        wait_until(lambda: len(edge.unfinished()) == 1)
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()  # with a reset
        wait_until(lambda: not any(each.has_request for each in edge.connections))
        edge.finish(error)
    assert edge.connect(get()).response()[0] == 200
    assert [line.split(" at ")[0] for line in log.messages] == ["a request failed: Failure"]


def test_responses_are_sent_without_delay(edge: Edge) -> None:
    client = edge.connect(get())
    client.response()
    (connection,) = [each for each in edge.connections if each in edge.waits.idle.since]
    transport = connection._transport  # type: ignore[attr-defined]
    option = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert option != 0


def test_the_application_is_started_before_the_first_request_and_closed_off_the_loop() -> None:
    with running() as edge:
        assert edge.connect(get()).response()[0] == 200
        assert edge.application.started == 1
        loop_thread: list[str] = []
        edge.worker.loop.call_soon_threadsafe(lambda: loop_thread.append(threading.current_thread().name))
        wait_until(lambda: bool(loop_thread))
    assert edge.application.closed.is_set()
    assert edge.application.closed_in not in ("", *loop_thread)


def test_a_stop_finishes_requests_under_way_and_drops_the_others_at_once() -> None:
    with running() as edge:
        idle = edge.connect(get())
        assert idle.response()[0] == 200
        silent, half = edge.connect(), edge.connect(get()[:-2])
        last = edge.connect(get("/later") + get("/not-read"))
        wait_until(lambda: len(edge.connections) == 4 and len(edge.unfinished()) == 1)
        began = time.monotonic()
        edge.worker.stop()
        assert all(client.is_closed() for client in (idle, silent, half))
        assert time.monotonic() - began < 3
        edge.finish()
        status, headers, body = last.response()
        assert (status, headers["connection"], body) == (200, "close", b"finished")
        assert last.is_closed()
        last.close()
    assert edge.application.closed.is_set()


def test_a_request_that_has_just_arrived_at_a_stop_is_answered() -> None:
    with running(QUICK._replace(arrival_s=1)) as edge:
        client, idle = edge.connect(), edge.connect(get())
        assert idle.response()[0] == 200
        wait_until(lambda: len(edge.connections) == 2)
        edge.worker.stop()
        wait_until(lambda: not edge.worker.alive)
        client.send(get("/just-arrived"))
        status, headers, body = client.response()
        assert (status, headers["connection"], body) == (200, "close", b"/just-arrived")


def test_a_stop_waits_for_a_request_at_most_half_of_the_graceful_timeout() -> None:
    with running(graceful_timeout=4) as edge:
        client = edge.connect(get("/later"))
        wait_until(lambda: len(edge.unfinished()) == 1)
        began = time.monotonic()
        edge.worker.stop()
        assert client.is_closed()
        assert 1.9 < time.monotonic() - began < 3.9


@pytest.mark.parametrize("during_a_stop", [True, False])
def test_a_quit_waits_for_nothing(during_a_stop: bool) -> None:
    with running(graceful_timeout=600) as edge:
        client = edge.connect(get("/later"))
        wait_until(lambda: len(edge.unfinished()) == 1)
        if during_a_stop:
            edge.worker.stop()
        began = time.monotonic()
        edge.worker.quit()
        assert client.is_closed()
        assert time.monotonic() - began < 3
    assert not edge.application.closed.is_set()


def test_the_worker_stops_after_its_number_of_requests() -> None:
    with running(max_requests=3) as edge:
        for number in range(3):
            client = edge.connect(get())
            assert client.response()[1].get("connection") == ("close" if number == 2 else None)
        wait_until(lambda: not edge.worker.alive)
    assert edge.application.closed.is_set()


def test_the_number_of_requests_has_a_jitter() -> None:
    found = set()
    for _ in range(20):
        with running(max_requests=100, max_requests_jitter=50) as edge:
            found.add(edge.worker.max_requests)
    assert len(found) > 1
    assert min(found) >= 100
    assert max(found) <= 150


def test_the_heartbeat_goes_on(edge: Edge) -> None:
    first = edge.worker.tmp.last_update()
    wait_until(lambda: edge.worker.tmp.last_update() > first)


def test_the_worker_ends_when_its_parent_is_gone() -> None:
    with running() as edge:
        idle = edge.connect(get())
        assert idle.response()[0] == 200
        edge.worker.ppid = 1
        assert idle.is_closed()
        wait_until(edge.application.closed.is_set)


def test_each_request_is_counted_once(edge: Edge) -> None:
    before = edge.worker.nr
    client = edge.connect(get() * 5)
    for _ in range(5):
        client.response()
    edge.status(b"broken\r\n\r\n")
    assert edge.worker.nr == before + 5
