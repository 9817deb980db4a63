"""Idempotency keys, as described at docs.stripe.com/api/idempotent_requests, tested with plain HTTP."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from payouts.transfers.sandbox.server import SandboxServer
from tests.payouts.transfers.sandbox.plain_http import Reply, http

Post = Callable[..., Reply]
DAY_S = 24 * 3600


def test_the_first_response_is_replayed_with_a_header(post_transfer: Post, sandbox: SandboxServer) -> None:
    first, again = post_transfer("k"), post_transfer("k")
    assert (first.status, again.status) == (200, 200)
    assert again.text == first.text
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert sandbox.control.counts()["transfers"] == 1


def test_a_refusal_during_the_work_is_stored_under_the_key(
    post_transfer: Post, sandbox: SandboxServer
) -> None:
    refused = post_transfer("k", amount=150_000)
    assert refused.json["error"]["code"] == "balance_insufficient"
    sandbox.control.top_up("EUR", 100_000)
    again = post_transfer("k", amount=150_000)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (400, "true")
    assert post_transfer("other", amount=150_000).status == 200


def test_a_refusal_of_the_parameters_is_not_stored(post_transfer: Post) -> None:
    assert post_transfer("k", amount="seven").status == 400
    assert post_transfer("k").status == 200


def test_other_parameters_under_a_used_key_are_refused(post_transfer: Post, sandbox: SandboxServer) -> None:
    post_transfer("k")
    other = post_transfer("k", amount=7_001)
    assert (other.status, other.json["error"]["type"]) == (400, "idempotency_error")
    assert sandbox.control.counts()["transfers"] == 1


def test_the_order_of_the_parameters_does_not_matter(ask: Post, anna: str) -> None:
    given = {"amount": 1, "currency": "eur", "destination": anna}
    ask("POST", "/v1/transfers", form=given, key="k")
    again = ask("POST", "/v1/transfers", form=dict(reversed(given.items())), key="k")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_without_a_key_every_request_is_executed(post_transfer: Post, sandbox: SandboxServer) -> None:
    post_transfer()
    post_transfer()
    assert sandbox.control.counts()["transfers"] == 2


def test_a_key_of_more_than_255_characters_is_refused(post_transfer: Post) -> None:
    assert post_transfer("k" * 255).status == 200
    assert post_transfer("k" * 256).status == 400


@pytest.mark.parametrize(("age_s", "transfers"), [(DAY_S - 60, 1), (DAY_S, 2)])
def test_a_key_is_forgotten_after_24_hours_and_pays_again(
    post_transfer: Post, sandbox: SandboxServer, age_s: int, transfers: int
) -> None:
    post_transfer("k")
    sandbox.control.advance(age_s)
    assert post_transfer("k").status == 200
    assert sandbox.control.counts()["transfers"] == transfers


def test_v2_stores_keys_for_30_days(ask: Post, sandbox: SandboxServer) -> None:
    made = [ask("POST", "/v2/core/accounts", body={}, key="k")]
    sandbox.control.advance(29 * DAY_S)
    made.append(ask("POST", "/v2/core/accounts", body={}, key="k"))
    sandbox.control.advance(2 * DAY_S)
    made.append(ask("POST", "/v2/core/accounts", body={}, key="k"))
    first, second, third = (reply.json["id"] for reply in made)
    assert first == second != third


def test_v2_repeats_failed_work(ask: Post) -> None:
    body = {"dashboard": "express"}
    replies = [ask("POST", "/v2/core/accounts", body=body, key="k") for _ in range(2)]
    assert [reply.status for reply in replies] == [400, 400]
    assert all("Idempotent-Replayed" not in reply.headers for reply in replies)


def test_two_servers_with_one_file_share_their_keys(
    sandbox: SandboxServer, tmp_path: Path, post_transfer: Post, anna: str
) -> None:
    first = post_transfer("k")
    form = {"amount": 7_000, "currency": "eur", "destination": anna}
    with SandboxServer(tmp_path / "sandbox.db") as other:
        again = http(other.url, "POST", "/v1/transfers", form=form, key="k")
    assert (again.text, again.headers["Idempotent-Replayed"]) == (first.text, "true")


def test_sixteen_concurrent_requests_to_two_servers_make_one_transfer(
    sandbox: SandboxServer, tmp_path: Path, anna: str
) -> None:
    form = {"amount": 7_000, "currency": "eur", "destination": anna}
    replies: list[Reply] = []
    start = threading.Barrier(16)

    def send(url: str) -> None:
        start.wait()
        replies.append(http(url, "POST", "/v1/transfers", form=form, key="k"))

    with SandboxServer(tmp_path / "sandbox.db") as other:
        urls = [sandbox.url, other.url] * 8
        threads = [threading.Thread(target=send, args=(url,)) for url in urls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {reply.status for reply in replies} <= {200, 409}
    assert len({reply.text for reply in replies if reply.status == 200}) == 1
    assert sandbox.control.counts()["transfers"] == 1
    fresh = [reply for reply in replies if "Idempotent-Replayed" not in reply.headers and reply.status == 200]
    assert len(fresh) == 1


def test_a_key_is_in_use_while_its_request_is_in_progress(
    sandbox: SandboxServer, tmp_path: Path, post_transfer: Post, anna: str
) -> None:
    sandbox.control.queue_fault("hang_before", seconds=20)
    form = {"amount": 7_000, "currency": "eur", "destination": anna}
    with SandboxServer(tmp_path / "sandbox.db") as other:
        slow = threading.Thread(target=post_transfer, args=("k",))
        slow.start()
        _wait_until_in_flight(tmp_path / "sandbox.db")
        busy = http(other.url, "POST", "/v1/transfers", form=form, key="k")
        assert (busy.status, busy.json["error"]["code"]) == (409, "idempotency_key_in_use")
        mixed_up = http(other.url, "POST", "/v1/transfers", form={**form, "amount": 1}, key="k")
        assert mixed_up.status == 400
        sandbox.close()
        slow.join()


def test_in_flight_key_of_a_crashed_process_is_taken_over(
    sandbox: SandboxServer, tmp_path: Path, post_transfer: Post
) -> None:
    post_transfer("k")
    with closing(sqlite3.connect(tmp_path / "sandbox.db")) as connection:
        connection.execute("update idempotency set status = null, owner = 'dead' where key = 'k'")
        connection.commit()
        assert post_transfer("k").status == 409
        connection.execute("update idempotency set lease_until = 0 where key = 'k'")
        connection.commit()
    assert post_transfer("k").status == 200
    # Two, because this test only imitates the crash: the first transfer was not rolled back.
    assert sandbox.control.counts()["transfers"] == 2


def _wait_until_in_flight(path: Path) -> None:
    pause = threading.Event()
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(1_000):
            if connection.execute("select 1 from idempotency where key = 'k'").fetchone():
                return
            pause.wait(0.01)
    raise AssertionError("the request never began")
