"""Who changed programs, links and their host names, and what it was before, is recorded."""

from datetime import datetime, timedelta

from sqlalchemy import select

from config.canonical import iso_text
from config.database import Databases, read_session, transact
from tests.cast.people import Cast, add_link_of
from tests.tracker.audit.acts import acts_by, acts_of
from tracker.audit.models import AuditEntry, AuditPersonal
from tracker.programs.leaving import readmit_creator, remove_creator
from tracker.programs.links.domains import add_domain, remove_domain, set_fallback
from tracker.programs.links.state_changes import expire_link, set_link_state
from tracker.programs.operations import set_parameters
from tracker.programs.policies import change_policy
from tracker.programs.terms import change_terms


def test_a_program_and_its_creators_are_recorded_as_they_begin(databases: Databases, cast: Cast) -> None:
    acts = {each.action: each for each in acts_of(databases)}
    program, enrollment = acts["program.create"], acts["enrollment.create"]
    assert (program.subject_id, program.brand_id, program.before) == (cast.program_id, cast.brand_id, None)
    assert program.after == {
        "name": "Friends",
        "token_parameter": "ll",
        "rate_bp": 1000,
        "base": "net",
        "window_days": 30,
        "hold_days": 30,
        "take_back_months": 12,
    }
    assert (enrollment.subject_id, enrollment.after) == (
        cast.enrollment_id,
        {"program": cast.program_id, "creator": cast.member_id, "rate_bp": None, "coupon": "ANNA10"},
    )


def test_changed_terms_are_recorded_with_the_former_ones(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    (act,) = acts_by(databases, now, change_terms, program_id=cast.program_id, rate_bp=1500)
    assert (act.action, act.subject_id) == ("program.terms_change", cast.program_id)
    assert isinstance(act.before, dict)
    assert isinstance(act.after, dict)
    assert (act.before["rate_bp"], act.after["rate_bp"]) == (1000, 1500)


def test_a_changed_policy_is_recorded_with_the_one_before(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    (act,) = acts_by(databases, now, change_policy, brand_id=cast.brand_id, customers="lifetime")
    assert isinstance(act.before, dict)
    assert isinstance(act.after, dict)
    assert (act.before["customers"], act.after["customers"]) == ("first_sale", "lifetime")


def test_each_change_of_a_link_is_recorded_once(databases: Databases, cast: Cast, now: datetime) -> None:
    begun = acts_of(databases)
    link_id = transact(
        databases.main, lambda s: add_link_of(s, now, cast.program_id, cast.member_id, code="tea")
    )
    (created,) = acts_of(databases)[len(begun) :]
    assert (created.action, created.subject_id, created.brand_id) == ("link.create", link_id, cast.brand_id)
    for state, action in (("paused", "link.pause"), ("active", "link.resume"), ("ended", "link.end")):
        (act,) = acts_by(databases, now, set_link_state, link_id=link_id, state=state)
        assert (act.action, act.after) == (action, {"state": state})
        assert acts_by(databases, now, set_link_state, link_id=link_id, state=state) == []
    at = now + timedelta(days=1)
    (act,) = acts_by(databases, now, expire_link, link_id=link_id, at=at)
    assert (act.before, act.after) == ({"expires_at": None}, {"expires_at": iso_text(at)})


def test_hosts_fallback_and_parameters_are_recorded(databases: Databases, cast: Cast, now: datetime) -> None:
    domain = {"brand_id": cast.brand_id, "host": "go.teas.example"}
    (added,) = acts_by(databases, now, add_domain, **domain, own_host="")
    assert acts_by(databases, now, add_domain, **domain, own_host="") == []
    (removed,) = acts_by(databases, now, remove_domain, **domain)
    assert [(each.action, each.subject_id) for each in (added, removed)] == [
        ("domain.add", "go.teas.example"),
        ("domain.remove", "go.teas.example"),
    ]
    (act,) = acts_by(databases, now, set_fallback, brand_id=cast.brand_id, url="https://shop.example/")
    assert (act.before, act.after) == ({"fallback_url": None}, {"fallback_url": "https://shop.example/"})
    wanted = {"utm_source": "friends"}
    (act,) = acts_by(databases, now, set_parameters, program_id=cast.program_id, parameters=wanted)
    assert (act.before, act.after) == ({"parameters": {}}, {"parameters": wanted})


def test_the_words_of_a_removal_can_be_erased(databases: Databases, cast: Cast, now: datetime) -> None:
    creator = {"brand_id": cast.brand_id, "creator_id": cast.member_id}
    (act,) = acts_by(databases, now, remove_creator, **creator, cause="sent parcels to Mira")
    assert act.after == {"enrollments": [cast.enrollment_id], "for_cause": True}
    with read_session(databases.main) as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "creator.remove"))
        assert entry.personal_about == cast.member_id
        assert session.get_one(AuditPersonal, entry.id).content == {"words": "sent parcels to Mira"}
    (act,) = acts_by(databases, now, readmit_creator, **creator)
    assert (act.action, act.subject_id) == ("creator.readmit", cast.member_id)
