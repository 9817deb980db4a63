"""One-click unsubscribe: a POST without cookie from anywhere, by a signed token, for some kinds only."""

from urllib.parse import urlsplit

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.api import application_client
from tests.cast.people import Cast
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.preferences import choice_of
from tracker.mail.unsubscribe import read_token, unsubscribe_url

ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}


def choice(databases: Databases, cast: Cast) -> Choice:
    with read_session(databases.main) as session:
        return choice_of(session, MailKind.LINE_RELEASED, user_id=None, creator_id=cast.member_id)


def path_for(settings: Settings, cast: Cast) -> str:
    url = unsubscribe_url(settings.secret_keys, "https://app.example", cast.member_id, MailKind.LINE_RELEASED)
    assert url is not None
    return urlsplit(url).path


def test_one_click_switches_one_kind_off(databases: Databases, settings: Settings, cast: Cast) -> None:
    path = path_for(settings, cast)
    with application_client(settings) as client:
        assert "Switch these messages off" in client.get(path).text
        assert choice(databases, cast) is Choice.EACH
        for _ in range(2):
            done = client.post(path, data="List-Unsubscribe=One-Click", headers=ELSEWHERE)
            assert (done.status_code, "are switched off" in done.text) == (200, True)
    assert choice(databases, cast) is Choice.OFF


def test_a_changed_token_does_nothing(databases: Databases, settings: Settings, cast: Cast) -> None:
    path = path_for(settings, cast)
    with application_client(settings) as client:
        for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/app/unsubscribe/x"):
            assert client.get(wrong).status_code == 404
            assert client.post(wrong).status_code == 404
    assert choice(databases, cast) is Choice.EACH


def test_only_that_path_takes_forms_of_other_sites(settings: Settings, cast: Cast) -> None:
    with application_client(settings) as client:
        assert client.post("/app/sign-in", headers=ELSEWHERE).status_code == 403


def test_money_and_safety_have_no_such_address(settings: Settings) -> None:
    keys = settings.secret_keys
    for kind in (MailKind.SIGN_IN, MailKind.STATEMENT_READY, MailKind.LINE_DECLINED):
        assert unsubscribe_url(keys, "https://app.example", "usr_1", kind) is None
    assert unsubscribe_url(keys, "https://app.example", None, MailKind.LINE_RELEASED) is None
    assert read_token(keys, "usr_1.line_declined") is None
