"""Several requests on one connection: answered in order, one at a time, never more than the client reads."""

import threading

from tests.config.edge.raw_client import LARGE_BYTES, QUICK, Edge, get, running, wait_until

MANY = 2_000


def test_pipelined_requests_are_answered_in_order(edge: Edge) -> None:
    paths = [f"/{number}" for number in range(MANY)]
    sent = b"".join(map(get, paths)) + get("/last", "Connection: close")
    client = edge.connect()
    threading.Thread(target=client.send, args=(sent,)).start()
    assert [client.response()[2].decode() for _ in paths] == paths
    assert client.response()[2] == b"/last"
    assert client.is_closed()


def test_a_request_waits_for_the_response_to_the_one_before_it(edge: Edge) -> None:
    client = edge.connect(get("/later/1") + get("/later/2") + get("/now"))
    wait_until(lambda: len(edge.unfinished()) == 1)
    before = len(edge.application.requests)
    edge.finish()
    assert client.response()[2] == b"finished"
    wait_until(lambda: len(edge.application.requests) == before + 1)
    edge.finish()
    assert client.response()[2] == b"finished"
    assert client.response()[2] == b"/now"


def test_what_arrives_while_a_request_is_under_way_is_bounded() -> None:
    with running() as edge:
        client = edge.connect(get("/later"))
        wait_until(lambda: len(edge.unfinished()) == 1)
        client.connection.settimeout(0.5)
        sent = 0
        try:
            while sent < LARGE_BYTES * 4:
                sent += client.connection.send(get() * 1_000)
        except TimeoutError:
            pass
        assert sent < LARGE_BYTES * 4, "reading never paused"
        client.connection.settimeout(20)
        edge.finish()
        assert client.response()[2] == b"finished"
        assert all(client.response()[2] == b"/now" for _ in range(MANY))


def test_a_client_that_pipelines_and_does_not_read_is_not_served_ahead() -> None:
    with running() as edge:
        client = edge.connect(get("/large") * 6, receive_bytes=4096)
        wait_until(lambda: bool(edge.waits.unread.since))
        assert len(edge.application.requests) <= 2
        for _ in range(6):
            assert len(client.response()[2]) == LARGE_BYTES
        assert len(edge.application.requests) == 6


def test_a_client_that_never_reads_is_dropped() -> None:
    with running(QUICK._replace(unread_s=0.2)) as edge:
        client = edge.connect(get("/large") * 50, receive_bytes=4096)
        wait_until(lambda: not edge.connections)
        assert len(client.rest()) < LARGE_BYTES * 50
        assert edge.connect(get()).response()[0] == 200


def test_a_client_with_many_requests_does_not_hold_up_others(edge: Edge) -> None:
    hog, other = edge.connect(), edge.connect()
    wait_until(lambda: len(edge.connections) >= 2)
    edge.application.requests.clear()
    both_have_arrived = threading.Event()
    edge.worker.loop.call_soon_threadsafe(both_have_arrived.wait)
    hog.send(get("/hog") * MANY)
    other.send(get("/other"))
    both_have_arrived.set()
    assert other.response()[2] == b"/other"
    assert [hog.response()[2] for _ in range(MANY)] == [b"/hog"] * MANY
    paths = [request.path for request in edge.application.requests]
    assert paths.index("/other") < MANY / 2


def test_a_client_that_closes_its_side_gets_all_responses_and_the_end() -> None:
    with running(keepalive=600) as edge:
        client = edge.connect(get("/1") * 40 + get("/later") + get("/3"))
        client.connection.shutdown(1)
        edge.finish()
        assert [client.response()[2] for _ in range(42)] == [b"/1"] * 40 + [b"finished", b"/3"]
        assert client.is_closed()


def test_a_failure_with_much_unread_behind_it_still_ends_the_connection_in_order() -> None:
    with running(QUICK._replace(linger_s=600)) as edge:
        client = edge.connect(get("/later") + get() * 5_000)
        edge.finish(RuntimeError())
        assert client.response()[0] == 500
        assert client.is_closed_without_a_reset()
        client.close()
        wait_until(lambda: not edge.connections)


def test_a_client_that_leaves_inside_a_head_or_a_body_is_forgotten() -> None:
    with running() as edge:
        for sent in (b"", b"GET /n", get()[:-2], get("/ll.js", "Content-Length: 5").replace(b"GET", b"POST")):
            client = edge.connect(sent)
            wait_until(lambda: len(edge.connections) == 1)
            client.close()
            wait_until(lambda: not edge.connections)
        assert edge.waits.longest() is None
