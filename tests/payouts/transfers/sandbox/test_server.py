import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from tests.harness import ROOT
from tests.payouts.transfers.sandbox.plain_http import REFRESH_URL, RETURN_URL, Reply, http

Ask = Callable[..., Reply]


@pytest.mark.parametrize("api_key", [None, "pk_test_x", "sk_other_x", ""])
def test_requests_without_a_test_key_are_refused(ask: Ask, api_key: str | None) -> None:
    for path in ("/v1/balance", "/v1/transfers", "/_sandbox/counts"):
        assert ask("GET", path, api_key=api_key).status == 401


def test_an_unknown_path_and_a_wrong_method_are_refused(ask: Ask) -> None:
    assert ask("GET", "/v1/charges").status == 404
    assert ask("POST", "/v1/balance", form={}).status == 405


def test_state_survives_a_restart(tmp_path: Path) -> None:
    with SandboxServer(tmp_path / "s.db") as first:
        first.control.top_up("EUR", 500)
        first.control.advance(3_600)
    with SandboxServer(tmp_path / "s.db") as second:
        assert second.control.top_up("EUR", 0) == 500


def test_a_temporary_sandbox_leaves_no_file_behind() -> None:
    server = SandboxServer()
    path = server._app.store.path
    assert path.exists()
    server.close()
    assert not list(path.parent.glob(f"{path.name}*"))


def test_the_clock_can_be_set_and_moved_forward(tmp_path: Path) -> None:
    with SandboxServer(tmp_path / "s.db", clock=lambda: 1_000_000.7) as sandbox:
        assert sandbox.control.advance(0) == 1_000_000
        assert sandbox.control.advance(90) == 1_000_090
        account = http(sandbox.url, "POST", "/v2/core/accounts", body={}).json
        assert account["created"] == "1970-01-12T13:48:10.000Z"


def test_several_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    code = f"""
    from payouts.transfers.sandbox.server import SandboxServer
    with SandboxServer({str(tmp_path / "s.db")!r}) as sandbox:
        sandbox.control.top_up("EUR", 1)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    with SandboxServer(tmp_path / "s.db") as sandbox:
        assert sandbox.control.top_up("EUR", 0) == 4


def test_controls_work_over_http(ask: Ask, anna: str, post_transfer: Ask) -> None:
    def control(name: str, **given: object) -> Reply:
        return ask("POST", f"/_sandbox/{name}", body=given)

    assert control("top_up", currency="EUR", amount=5).json == {"result": 100_005}
    assert control("faults", kind="429_before", times=1).status == 200
    assert post_transfer().status == 429
    assert post_transfer().status == 200
    assert control("pay_out", account_id=anna, currency="EUR", amount=7_000).json == {"result": 0}
    assert control("complete_onboarding", account_id=anna, status="pending").status == 200
    counts = ask("GET", "/_sandbox/counts").json["result"]
    assert (counts["transfers"], counts["accounts"]) == (1, 1)
    assert ask("GET", "/_sandbox/requests").json["result"][-1]["path"] == "/v1/transfers"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("faults", {"kind": "explode_before"}),
        ("faults", {"kind": "drop_during"}),
        ("faults", {"kind": "hang_before", "seconds": 3_600}),
        ("top_up", {"currency": "EUR"}),
        ("complete_onboarding", {"account_id": "acct_1", "status": "great"}),
        ("nonsense", {}),
    ],
)
def test_invalid_control_call_is_refused(ask: Ask, name: str, given: dict[str, object]) -> None:
    refused = ask("POST", f"/_sandbox/{name}", body=given)
    assert refused.status in (400, 404)
    assert refused.json["error"]["message"]


def test_fault_applies_to_matching_requests_as_often_as_requested(
    sandbox: SandboxServer, ask: Ask, post_transfer: Ask
) -> None:
    sandbox.control.queue_fault("503_before", match="GET /v1/tr*", times=2)
    assert post_transfer().status == 200
    assert [ask("GET", "/v1/transfers").status for _ in range(3)] == [503, 503, 200]
    sandbox.control.queue_fault("503_before", match="*")
    sandbox.control.clear_faults()
    assert ask("GET", "/v1/transfers").status == 200


def test_requests_are_recorded_without_the_api_key(sandbox: SandboxServer, post_transfer: Ask) -> None:
    post_transfer("k")
    post_transfer("k")
    first, again = sandbox.control.requests()[-2:]
    assert first["headers"]["Idempotency-Key"] == "k"
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["parameters"]["amount"] == "7000"
    assert SANDBOX_KEY not in repr([first, again])


def test_sandbox_prints_nothing() -> None:
    code = f"""
    from http.client import HTTPConnection
    from payouts.transfers.sandbox.server import SandboxServer
    with SandboxServer() as sandbox:
        sandbox.control.queue_fault("drop_after", match="*")
        for path in ("/v1/balance", "/v1/balance", "/nowhere"):
            connection = HTTPConnection(sandbox.url.removeprefix("http://"))
            connection.request("GET", path, headers={{"Authorization": "Bearer {SANDBOX_KEY}"}})
            try:
                connection.getresponse().read()
            except ConnectionError:
                pass
        assert sandbox.control.counts()["requests"] == 2
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_creator_completes_the_hosted_page_and_can_be_paid(rail: StripeRail) -> None:
    account_ref = rail.create_payee("crt_ben", "ben@shop.example", "FR", "Ben")
    link = rail.onboarding_link(account_ref, RETURN_URL, REFRESH_URL)
    assert _location(link, "complete", _form_token(_visit(link))) == RETURN_URL
    assert rail.payee_status(account_ref).ready


def test_a_creator_who_comes_back_without_finishing_cannot_be_paid(rail: StripeRail) -> None:
    account_ref = rail.create_payee("crt_ben", "ben@shop.example", "FR", "Ben")
    link = rail.onboarding_link(account_ref, RETURN_URL, REFRESH_URL)
    assert _location(link, "later", _form_token(_visit(link))) == RETURN_URL
    assert not rail.payee_status(account_ref).ready


def test_a_link_works_once_and_for_ten_minutes(rail: StripeRail, sandbox: SandboxServer) -> None:
    account_ref = rail.create_payee("crt_ben", "ben@shop.example", "FR", "Ben")
    link = rail.onboarding_link(account_ref, RETURN_URL, REFRESH_URL)
    assert _visit(link).status == 200
    assert _visit(link).headers["Location"] == REFRESH_URL
    assert _location(link, "complete", "forged") == REFRESH_URL
    late = rail.onboarding_link(account_ref, RETURN_URL, REFRESH_URL)
    sandbox.control.advance(600)
    assert _visit(late).headers["Location"] == REFRESH_URL
    assert not rail.payee_status(account_ref).ready
    assert _visit(f"{sandbox.url}/onboarding/unknown").status == 404


def test_the_page_escapes_addresses(rail: StripeRail) -> None:
    account_ref = rail.create_payee("crt_ben", "ben@shop.example", "FR", "Ben")
    page = _visit(rail.onboarding_link(account_ref, f"{RETURN_URL}?<script>", REFRESH_URL)).text
    assert "?&lt;script&gt;" in page
    assert "<script" not in page


def test_only_web_addresses_are_accepted_as_return_url(ask: Ask, anna: str) -> None:
    onboarding = {"return_url": "javascript:alert(1)", "refresh_url": REFRESH_URL}
    body = {"account": anna, "use_case": {"type": "account_onboarding", "account_onboarding": onboarding}}
    assert ask("POST", "/v2/core/account_links", body=body).json["error"]["code"] == "url_invalid"


def _visit(link: str) -> Reply:
    return http(link, "GET", urlsplit(link).path, api_key=None)


def _form_token(page: Reply) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def _location(link: str, choice: str, form_token: str) -> str | None:
    """The address to which the browser is redirected after the button."""
    connection = HTTPConnection(urlsplit(link).netloc, timeout=30)
    form = urlencode({"form": form_token, "choice": choice})
    connection.request(
        "POST", urlsplit(link).path, form, {"Content-Type": "application/x-www-form-urlencoded"}
    )
    location = connection.getresponse().headers["Location"]
    connection.close()
    return location
