"""Sign-ins and ended sessions are recorded, with who, how and through what, and without any address."""

from collections.abc import Callable

from config.database import Databases, read_session
from tests.tracker.audit.acts import acts_of
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.audit.models import AuditEntry, AuditPersonal


def test_a_sign_in_and_a_sign_out_are_recorded(visitor: Visitor, databases: Databases, fay: str) -> None:
    visitor.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11) Gecko/20100101 Firefox/140.0"
    before = len(acts_of(databases))
    visitor.sign_in(FAY)
    visitor.post("/app/sign-out")
    started, ended = acts_of(databases)[before:]
    assert (started.action, started.subject_id, started.after["method"]) == ("session.start", fay, "code")
    assert (ended.action, ended.subject_id) == ("session.end", fay)
    assert ended.after["session"] == started.after["session"]
    with read_session(databases.main) as session:
        entry = session.get_one(AuditEntry, started.id)
        assert (entry.actor_kind, entry.actor_id, entry.entry_point) == ("user", fay, "people.try_code")
        assert entry.browser_family == "Firefox"
        for each in session.query(AuditEntry).all():
            assert "@" not in repr((each.before, each.after))
            assert "127.0.0.1" not in repr(vars(each))
        for personal in session.query(AuditPersonal).all():
            assert "127.0.0.1" not in repr(personal.content)


def test_a_session_that_is_replaced_or_ended_elsewhere_is_named(
    arrive: Callable[[], Visitor], visitor: Visitor, databases: Databases
) -> None:
    visitor.sign_in(FAY)
    first = acts_of(databases)[-1].after["session"]
    code_page = visitor.ask(FAY)
    visitor.post(visitor.mail().path)
    replaced = acts_of(databases)[-1]
    assert (replaced.after["method"], replaced.after["former_session"]) == ("link", first)
    assert visitor.get(code_page).location == "/app/"
    other = arrive()
    other.sign_in(FAY)
    there = acts_of(databases)[-1].after["session"]
    visitor.post(f"/app/profile/sessions/{there}/end")
    assert (acts_of(databases)[-1].action, acts_of(databases)[-1].after) == (
        "session.end",
        {"session": there},
    )
    visitor.post("/app/profile/sessions/end-all")
    assert (acts_of(databases)[-1].action, acts_of(databases)[-1].after) == (
        "session.end_all",
        {"sessions": 1},
    )


def last_act(databases: Databases) -> tuple[str, object]:
    last = acts_of(databases)[-1]
    return last.action, last.after
