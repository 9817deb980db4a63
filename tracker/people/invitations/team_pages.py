"""The team of a brand: members, their roles, and open invitations."""

from functools import partial

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.audit.actors import Actor
from tracker.errors import Conflict, Invalid
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page, stepped_up
from tracker.people.access.person import Person
from tracker.people.accounts.memberships import list_members, remove_member, set_role
from tracker.people.accounts.roles import EVERY_ROLE, Role, role_name, role_named
from tracker.people.blueprint import blueprint
from tracker.people.invitations.operations import (
    Invited,
    Sending,
    invite,
    open_invitations,
    revoke_invitation,
    send_again,
)
from tracker.people.invitations.rules import Kind, member_offer
from tracker.ui.forms import Form
from tracker.ui.navigation import Item, Layout, register_items
from tracker.ui.notices import notify

TEAM = "shows who has which role at the brand"
GIVES_ACCESS = "gives or takes access to the brand"

register_items(blueprint, Layout.BRAND, Item("people.team", N_("Team"), "people", 80))


@blueprint.get("/app/brands/<brand_id>/team")
@brand_page(*EVERY_ROLE, reason=TEAM)
def team(person: Person, brand_id: str) -> Response:
    return _page(person, brand_id, Form({"role": Role.MANAGER.value}))


@blueprint.post("/app/brands/<brand_id>/team/invitations")
@stepped_up(GIVES_ACCESS)
@brand_page(Role.OWNER, reason=GIVES_ACCESS)
def invite_member(person: Person, brand_id: str) -> Response:
    form = Form.sent()
    try:
        offer = member_offer(brand_id, role_named(form["role"]))
        make = partial(
            invite,
            now=request_time(),
            offer=offer,
            actor=_actor(person),
            sending=_sending(),
            email=form["email"],
        )
        made = transact(site().databases.main, make)
    except (Invalid, Conflict) as error:
        form.fail(getattr(error, "field", None) or "email", str(error))
        return _page(person, brand_id, form)
    return _sent(person, brand_id, made)


@blueprint.post("/app/brands/<brand_id>/team/invitations/<invitation_id>/again")
@stepped_up(GIVES_ACCESS)
@brand_page(Role.OWNER, reason=GIVES_ACCESS)
def invite_again(person: Person, brand_id: str, invitation_id: str) -> Response:
    again = partial(
        send_again,
        now=request_time(),
        actor=_actor(person),
        sending=_sending(),
        brand_id=brand_id,
        invitation_id=invitation_id,
    )
    return _sent(person, brand_id, transact(site().databases.main, again))


@blueprint.post("/app/brands/<brand_id>/team/invitations/<invitation_id>/revoke")
@stepped_up(GIVES_ACCESS)
@brand_page(Role.OWNER, reason=GIVES_ACCESS)
def revoke(person: Person, brand_id: str, invitation_id: str) -> Response:
    end = partial(
        revoke_invitation,
        now=request_time(),
        actor=_actor(person),
        brand_id=brand_id,
        invitation_id=invitation_id,
    )
    transact(site().databases.main, end)
    return _back(brand_id, _("The invitation is revoked. Its link does not work any more."))


@blueprint.post("/app/brands/<brand_id>/team/<user_id>/role")
@stepped_up(GIVES_ACCESS)
@brand_page(Role.OWNER, reason=GIVES_ACCESS)
def change_role(person: Person, brand_id: str, user_id: str) -> Response:
    form = Form.sent()
    try:
        change = partial(
            set_role,
            now=request_time(),
            actor=_actor(person),
            brand_id=brand_id,
            user_id=user_id,
            role=role_named(form["role"]),
        )
        transact(site().databases.main, change)
    except (Invalid, Conflict) as error:
        return _refused(person, brand_id, error)
    return _back(brand_id, _("The role is changed. It counts from the next page on."))


@blueprint.post("/app/brands/<brand_id>/team/<user_id>/remove")
@stepped_up(GIVES_ACCESS)
@brand_page(Role.OWNER, reason=GIVES_ACCESS)
def remove(person: Person, brand_id: str, user_id: str) -> Response:
    take = partial(
        remove_member, now=request_time(), actor=_actor(person), brand_id=brand_id, user_id=user_id
    )
    try:
        transact(site().databases.main, take)
    except Conflict as error:
        return _refused(person, brand_id, error)
    if user_id == person.user_id:
        return redirect(url_for("people.home"), 303)
    return _back(brand_id, _("The person has no access to this brand any more."))


def _actor(person: Person) -> Actor:
    return person.actor(request.endpoint or "")


def _sending() -> Sending:
    settings = site().settings
    return Sending(settings.web_url, settings.secret_keys)


def _sent(person: Person, brand_id: str, made: Invited) -> Response:
    """Only an operator may see the link, who can read every mail: it proves the address to nobody else."""
    if site().settings.smtp_url:
        return _back(brand_id, _("The invitation is on its way. It is open for 14 days."))
    if person.is_operator:
        text = _("There is no mail server yet. Give this link to the person: %(link)s", link=made.url)
        return _back(brand_id, text)
    return _back(brand_id, _("There is no mail server yet. The operator of this installation has the mail."))


def _back(brand_id: str, text: str) -> Response:
    notify(text)
    return redirect(url_for("people.team", brand_id=brand_id), 303)


def _refused(person: Person, brand_id: str, error: Invalid | Conflict) -> Response:
    form = Form({"role": Role.MANAGER.value})
    form.reject(error)
    form.rename(role="")
    return _page(person, brand_id, form)


def _page(person: Person, brand_id: str, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        members = list_members(session, brand_id)
        invitations = [each for each in open_invitations(session, brand_id) if each.kind == Kind.MEMBER.value]
    return form.page(
        "people/team.html",
        brand_id=brand_id,
        members=[(user, role_named(member.role)) for member, user in members],
        invitations=[(each, role_named(each.role or "")) for each in invitations],
        may_change=person.roles[brand_id] is Role.OWNER,
        own_id=person.user_id,
        role_name=role_name,
        roles=[(role.value, role_name(role)) for role in Role],
        now=request_time(),
        zone=person.timezone or "UTC",
    )
