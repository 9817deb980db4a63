"""How long a connection may wait for its client, and which one makes room for a new one."""

import time

from tests.config.edge.raw_client import QUICK, Client, Edge, get, running, wait_until

HALF = get()[:-4]
BEACON = get("/ll.js", "Content-Length: 5").replace(b"GET", b"POST")


def test_the_time_limits_are_those_that_the_edge_promises() -> None:
    limits = (QUICK.head_s, QUICK.keep_alive_s, QUICK.body_s, QUICK.arrival_s)
    assert limits == (10.0, 5.0, 5.0, 0.05)
    assert type(QUICK)().sweep_s == 1.0


def test_a_client_without_a_complete_first_head_in_time_is_dropped() -> None:
    with running(QUICK._replace(head_s=0.3)) as edge:
        silent, half = edge.connect(), edge.connect(HALF)
        assert silent.is_closed()
        assert half.is_closed()


def test_single_bytes_do_not_extend_the_time_for_a_head() -> None:
    with running(QUICK._replace(head_s=0.3)) as edge:
        client = edge.connect(get("/now", "X: y")[:-4])
        wait_until(lambda: not is_accepted(client, b"x"))


def test_an_idle_client_is_dropped_after_the_keepalive_time() -> None:
    with running(keepalive=1) as edge:
        client = edge.connect(get())
        assert client.response()[0] == 200
        began = time.monotonic()
        assert client.is_closed()
        assert 0.9 < time.monotonic() - began < 5


def test_a_second_head_has_its_own_time_from_its_first_byte() -> None:
    with running(QUICK._replace(head_s=0.3), keepalive=5) as edge:
        client = edge.connect(get())
        assert client.response()[0] == 200
        client.send(HALF)
        began = time.monotonic()
        assert client.is_closed()
        assert time.monotonic() - began < 3


def test_a_client_that_announces_a_body_and_does_not_send_it_gets_408() -> None:
    with running(QUICK._replace(body_s=0.2)) as edge:
        client = edge.connect(BEACON + b"hell")
        assert client.response()[0] == 408
        assert client.is_closed()


def test_a_refused_client_that_does_not_hang_up_is_dropped() -> None:
    with running(QUICK._replace(linger_s=0.2)) as edge:
        client = edge.connect(b"broken\r\n\r\n")
        assert client.response()[0] == 400
        wait_until(lambda: not edge.connections)


def test_a_refused_client_that_sends_without_end_is_dropped() -> None:
    with running(QUICK._replace(linger_s=60)) as edge:
        client = edge.connect(b"broken\r\n\r\n")
        wait_until(lambda: not is_accepted(client, bytes(65_536)))
        wait_until(lambda: not edge.connections)


def test_a_request_under_way_has_no_time_limit_of_its_client() -> None:
    short = QUICK._replace(head_s=0.1, unread_s=0.1, body_s=0.1)
    with running(short) as edge:
        client = edge.connect(get("/later"))
        wait_until(lambda: len(edge.unfinished()) == 1)
        time.sleep(0.4)  # several sweeps, in which nothing may happen
        edge.finish()
        assert client.response()[2] == b"finished"


def is_accepted(client: Client, data: bytes) -> bool:
    try:
        client.send(data)
    except ConnectionError:
        return False
    return True


def idle_clients(edge: Edge, number: int) -> list[Client]:
    clients = []
    for _ in range(number):
        clients.append(edge.connect(get()))
        assert clients[-1].response()[0] == 200
    return clients


def test_at_the_limit_the_idlest_client_makes_room_for_the_newest() -> None:
    with running(worker_connections=3) as edge:
        idle = idle_clients(edge, 3)
        idle[0].send(get("/again"))
        assert idle[0].response()[2] == b"/again"
        new = edge.connect(get("/new"))
        assert new.response()[2] == b"/new"
        assert idle[1].is_closed()
        for client in (idle[0], idle[2], new):
            client.send(get())
            assert client.response()[0] == 200


def test_at_the_limit_a_silent_client_that_waits_the_longest_makes_room() -> None:
    with running(worker_connections=3) as edge:
        silent = edge.connect(HALF)
        wait_until(lambda: len(edge.waits.head.since) == 1)
        idle = idle_clients(edge, 2)
        assert edge.connect(get()).response()[0] == 200
        assert silent.is_closed()
        idle[0].send(get())
        assert idle[0].response()[0] == 200


def test_a_flood_of_silent_clients_locks_out_nobody() -> None:
    with running(worker_connections=20) as edge:
        flood = [edge.connect(HALF if number % 2 else b"") for number in range(100)]
        for _ in range(20):
            assert edge.connect(get()).response()[0] == 200
        for client in flood:
            client.close()


def test_a_new_client_is_turned_away_only_if_every_other_one_has_a_request_under_way() -> None:
    with running(worker_connections=2) as edge:
        busy = [edge.connect(get("/later")) for _ in range(2)]
        wait_until(lambda: len(edge.unfinished()) == 2)
        assert edge.connect(get()).is_closed()
        edge.finish()
        edge.finish()
        assert [client.response()[2] for client in busy] == [b"finished"] * 2
        assert edge.connect(get()).response()[0] == 200
