"""A restored installation sends no message that waited in the backup, unless a person wants it."""

from functools import partial
from pathlib import Path

from sqlalchemy import select

from config.database import open_databases, read_session, transact
from payouts.backup.archive import open_archive
from payouts.backup.create import make_backup
from payouts.backup.restore import restore
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED
from tests.conftest import settings_for
from tests.harness.databases.snapshots import database_seed_for
from tracker.mail.delivery.claims import next_delivery
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import MailMessage
from tracker.mail.outbox import queue
from tracker.mail.queries import problem_line
from tracker.mail.resend import resend

database_seed = database_seed_for(books=DEFAULT_SEED)

LETTER = Letter("Your team changed", "Olga is an owner now.\n", "<p>Olga is an owner now.</p>")
NOW = at("10-05")


def test_what_waited_in_a_backup_is_sent_only_when_a_person_wants_it(books: Books, tmp_path: Path) -> None:
    keys, to = books.settings.secret_keys, Recipient("olga@teas.example")
    put = partial(queue, letter=LETTER, to=to, kind=MailKind.TEAM_CHANGED, key="k", keys=keys)
    message_id = books.write(lambda s: put(s, NOW))
    make_backup(books.databases, NOW, tmp_path / "backup", lambda _line: None)
    databases = open_databases(settings_for(tmp_path / "new-home"))
    with open_archive(tmp_path / "backup") as archive:
        restore(databases, archive, lambda _line: None)
    with read_session(databases.main) as session:
        assert session.scalar(next_delivery(can_send=True)) is None
        message = session.scalars(select(MailMessage)).one()
        assert (message.id, message.state, message.body_text) == (message_id, "expired", LETTER.text)
        assert problem_line(message).startswith("It waited in a backup that was restored")
    transact(databases.main, lambda s: resend(s, NOW, message_id, keys=keys))
    with read_session(databases.main) as session:
        assert session.scalar(next_delivery(can_send=True)) == NOW
    databases.close()
