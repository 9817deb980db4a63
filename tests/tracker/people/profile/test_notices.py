"""The page on which a person chooses which messages come by e-mail."""

from config.database import Databases, read_session, transact
from tests.cast.people import Cast
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.mail.kind_words import Audience, kind_words, kinds_for
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.preferences import choice_of
from tracker.people.accounts.models import Creator, User

PATH = "/app/profile/notices"


def chosen(databases: Databases, user_id: str, kind: MailKind) -> Choice:
    with read_session(databases.main) as session:
        return choice_of(session, kind, user_id=user_id)


def test_a_choice_is_kept_and_shown(visitor: Visitor, databases: Databases, fay: str) -> None:
    visitor.sign_in(FAY)
    assert PATH in visitor.get("/app/profile").text
    page = visitor.get(PATH).text
    assert '<option value="each" selected>At once</option>' in page
    saved = visitor.post(PATH, shop_silent="off", messages_parked="daily")
    assert saved.location == PATH
    assert chosen(databases, fay, MailKind.SHOP_SILENT) is Choice.OFF
    assert chosen(databases, fay, MailKind.MESSAGES_PARKED) is Choice.DAILY
    page = visitor.get(PATH).text
    assert '<option value="off" selected>Never</option>' in page
    assert '<option value="daily" selected>Once a day, all in one message</option>' in page
    visitor.post(PATH, shop_silent="each")
    assert chosen(databases, fay, MailKind.SHOP_SILENT) is Choice.EACH
    assert chosen(databases, fay, MailKind.MESSAGES_PARKED) is Choice.DAILY


def test_money_and_safety_are_shown_as_always_sent(visitor: Visitor, databases: Databases, fay: str) -> None:
    visitor.sign_in(FAY)
    page = visitor.get(PATH).text
    for kind in (MailKind.STATEMENT_READY, MailKind.SIGN_IN):
        assert kind_words(kind) in page
        assert f'name="{kind.value}"' not in page
    visitor.post(PATH, statement_ready="off", sign_in="off")
    assert chosen(databases, fay, MailKind.STATEMENT_READY) is Choice.EACH


def test_each_person_sees_the_kinds_that_they_get(
    visitor: Visitor, databases: Databases, cast: Cast, fay: str
) -> None:
    visitor.sign_in(FAY)
    page = visitor.get(PATH).text
    assert kind_words(MailKind.LINE_HELD) not in page
    assert kind_words(MailKind.BOOKS_UNBALANCED) not in page
    transact(databases.main, lambda s: setattr(s.get_one(Creator, cast.stranger_id), "user_id", fay))
    transact(databases.main, lambda s: setattr(s.get_one(User, fay), "is_operator", True))
    page = visitor.get(PATH).text
    assert kind_words(MailKind.LINE_HELD) in page
    assert kind_words(MailKind.BOOKS_UNBALANCED) in page
    visitor.post(PATH, line_held="daily", line_released="off")
    assert chosen(databases, fay, MailKind.LINE_HELD) is Choice.DAILY
    assert chosen(databases, fay, MailKind.LINE_RELEASED) is Choice.OFF


def test_a_choice_that_the_kind_does_not_have_is_told_at_its_field(
    visitor: Visitor, databases: Databases, cast: Cast, fay: str
) -> None:
    transact(databases.main, lambda s: setattr(s.get_one(Creator, cast.stranger_id), "user_id", fay))
    visitor.sign_in(FAY)
    refused = visitor.post(PATH, line_held="off", shop_silent="off")
    assert refused.status_code == 422
    assert 'id="line_held-error"' in refused.text
    assert '<option value="off" selected>Never</option>' in refused.text
    assert chosen(databases, fay, MailKind.SHOP_SILENT) is Choice.EACH


def test_every_kind_has_words_and_an_audience() -> None:
    listed = [kind for audience in Audience for kind in kinds_for(audience)]
    assert sorted(listed) == sorted(MailKind)
    assert all(kind_words(kind) != kind.value for kind in MailKind)
