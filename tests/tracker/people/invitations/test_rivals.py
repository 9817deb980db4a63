"""Several people or brands that want the same invitation."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import PERSON, Cast, add_brand_with_program
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import Visitor
from tracker.people.accounts.memberships import list_members
from tracker.people.accounts.roles import Role
from tracker.people.invitations.operations import Invited, Sending, invite, open_invitations
from tracker.people.invitations.rules import Offer, creator_offer, member_offer

GIL = "gil@people.example"
URL = "https://ll.example"


def send(settings: Settings, databases: Databases, offer: Offer, email: str | None = None) -> Invited:
    sending = Sending(URL, settings.secret_keys)
    work = partial(invite, now=NOW, offer=offer, actor=PERSON, sending=sending, email=email)
    return transact(databases.main, work)


def test_an_invitation_of_a_creator_belongs_to_the_brand_that_invited_last(
    settings: Settings, databases: Databases, cast: Cast, visitor: Visitor
) -> None:
    other, program = transact(databases.main, lambda s: add_brand_with_program(s, NOW, name="Mugs"))
    first, second = (
        send(settings, databases, creator_offer(cast.member_id, brand_id=brand, program_id=wanted))
        for brand, wanted in ((cast.brand_id, cast.program_id), (other, program))
    )
    assert first.invitation_id == second.invitation_id
    with read_session(databases.main) as session:
        assert open_invitations(session, cast.brand_id) == []
        assert [each.program_id for each in open_invitations(session, other)] == [program]
    assert visitor.get(first.url.removeprefix(URL)).status_code == 410


def test_of_browsers_that_accept_at_once_one_is_signed_in(
    settings: Settings, databases: Databases, cast: Cast, arrive: Callable[[], Visitor]
) -> None:
    made = send(settings, databases, member_offer(cast.brand_id, Role.VIEWER), GIL)
    browsers, start = [arrive() for _ in range(4)], Barrier(4)

    def go(visitor: Visitor) -> int:
        start.wait()
        return visitor.post(made.url.removeprefix(URL), name="Gil", agrees="1").status_code

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(go, browsers))
    assert set(found) <= {303, 409, 410}
    assert sum(visitor.token is not None for visitor in browsers) == 1
    with read_session(databases.main) as session:
        roles = [(user.email, member.role) for member, user in list_members(session, cast.brand_id)]
    assert roles.count((GIL, "viewer")) == 1
