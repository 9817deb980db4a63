"""After a restore nobody is signed in: the backup holds sessions that may have ended since."""

from pathlib import Path

from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.backup.archive import open_archive
from payouts.backup.create import make_backup
from payouts.backup.restore import restore
from tests.cast.shop import RECEIVED_AT, Shop
from tracker.people.access.person import find_person
from tracker.people.accounts.operations import create_user
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import BrowserFacts, Method, start_session
from tracker.people.sessions.rules import new_token
from tracker.people.sign_in.models import SignInRequest
from tracker.people.sign_in.requests import Asking, request_sign_in

FAY = "fay@people.example"


def ignore_progress(_line: str) -> None:
    """Show no progress."""


def test_sessions_and_codes_of_the_backup_are_over(
    shop: Shop, settings: Settings, databases: Databases, target: Databases, tmp_path: Path
) -> None:
    def sign_in(session: Session) -> str:
        user = create_user(session, RECEIVED_AT, email=FAY, name="Fay")
        asking = Asking(new_token(), "192.0.2.1", None, "https://ll.example", settings.secret_keys)
        request_sign_in(session, RECEIVED_AT, FAY, asking)
        return start_session(session, RECEIVED_AT, user.id, Method.CODE, BrowserFacts())

    token = transact(databases.main, sign_in)
    file = tmp_path / "people.zip"
    make_backup(databases, RECEIVED_AT, file, ignore_progress)
    with open_archive(file) as archive:
        assert restore(target, archive, ignore_progress).findings == []
    with read_session(databases.main) as session:
        assert find_person(session, RECEIVED_AT, token) is not None
    with read_session(target.main) as session:
        assert find_person(session, RECEIVED_AT, token) is None
        assert [each.ended_at is not None for each in session.query(UserSession).all()] == [True]
        assert [each.used_at is not None for each in session.query(SignInRequest).all()] == [True]
