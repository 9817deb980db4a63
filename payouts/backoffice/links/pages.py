"""The pages of links: a new one, and one with its address, its QR code and its first click."""

from functools import partial

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from config.database import read_session, transact
from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.links.making import Participant, participants, suggested_code
from payouts.backoffice.setup_bar import setup_bar
from payouts.backoffice.setup_state import Step, has_been_followed
from tracker.errors import Conflict, Invalid, LinkledgerError, NotFound
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.models import Brand, Creator
from tracker.people.accounts.operations import brand_hosts, get_brand
from tracker.people.accounts.roles import EVERY_ROLE, RUNS_THE_PROGRAM
from tracker.people.accounts.rules import is_loopback
from tracker.programs.codes import link_code
from tracker.programs.links.destinations import checked_destination
from tracker.programs.links.operations import create_link, get_link
from tracker.programs.models import Enrollment, Link, Program
from tracker.ui.forms import Form


@blueprint.route("/links/new", methods=["GET", "POST"])
@brand_page(*RUNS_THE_PROGRAM, reason="creates a link for a creator of the brand")
def new_link(person: Person, brand_id: str) -> AnyResponse:
    with read_session(site().databases.main) as session:
        brand, hosts = get_brand(session, brand_id), brand_hosts(session, brand_id)
        people = participants(session, brand_id)
        if not people:
            return redirect(url_for("backoffice.invite_creators", brand_id=brand_id), 303)
        if request.method == "GET":
            return _page(brand, hosts, people, _suggestion(session, hosts, people))
    form = Form.sent()
    chosen = next((each for each in people if each.enrollment_id == form["creator"]), None)
    if chosen is None:
        form.fail("creator", _("Choose a creator of the list."))
    _check(form, hosts, brand_id)
    if chosen is None or form.errors:
        return _page(brand, hosts, people, form)
    create = partial(
        create_link,
        now=request_time(),
        actor=person.actor("backoffice.new_link"),
        program_id=chosen.program_id,
        creator_id=chosen.creator_id,
        destination=form["destination"],
        code=form["code"] or None,
    )
    try:
        made = transact(site().databases.main, create)
    except Conflict:
        form.fail("code", _("This code is taken. Choose another one, or leave the field empty."))
        return _page(brand, hosts, people, form)
    except LinkledgerError as error:
        form.reject(error)
        return _page(brand, hosts, people, form)
    return redirect(url_for("backoffice.link", brand_id=brand_id, link_id=made.id), 303)


@blueprint.get("/links/<link_id>")
@brand_page(*EVERY_ROLE, reason="shows a link of the brand, to copy and to scan")
def link(person: Person, brand_id: str, link_id: str) -> str:
    return _link_page("backoffice/link.html", person, brand_id, link_id)


@blueprint.get("/links/<link_id>/followed")
@brand_page(*EVERY_ROLE, reason="says whether somebody has followed the link")
def link_followed(person: Person, brand_id: str, link_id: str) -> str:
    return _link_page("backoffice/link_followed.html", person, brand_id, link_id)


def _link_page(template: str, person: Person, brand_id: str, link_id: str) -> str:
    with read_session(site().databases.main) as session:
        brand = get_brand(session, brand_id)
        found, creator = _link_of(session, brand_id, link_id)
    with read_session(site().databases.clicks) as clicks:
        followed = has_been_followed(clicks, found.id)
    return render_template(
        template,
        brand=brand,
        link=found,
        creator=creator,
        url=f"{site().settings.link_url}/{found.code}",
        followed=followed,
        may_change=person.roles[brand_id] in RUNS_THE_PROGRAM,
        setup=None,
    )


def _link_of(session: Session, brand_id: str, link_id: str) -> tuple[Link, Creator]:
    """Raises NotFound also for a link of another brand."""
    try:
        found = get_link(session, link_id)
    except (Invalid, NotFound):
        found = None
    enrollment = found and session.get_one(Enrollment, found.enrollment_id)
    if not found or not enrollment or session.get_one(Program, enrollment.program_id).brand_id != brand_id:
        raise NotFound(_("There is no such page, or it is not yours."))
    return found, session.get_one(Creator, enrollment.creator_id)


def _suggestion(session: Session, hosts: list[str], people: list[Participant]) -> Form:
    wanted = request.args.get("creator")
    chosen = next((each for each in people if wanted in (None, each.creator_id)), people[0])
    start = f"{'http' if is_loopback(hosts[0]) else 'https'}://{hosts[0]}/" if hosts else ""
    return Form(
        {
            "creator": chosen.enrollment_id,
            "destination": start,
            "code": suggested_code(session, chosen.name),
        }
    )


def _check(form: Form, hosts: list[str], brand_id: str) -> None:
    try:
        checked_destination(form["destination"], hosts, brand_id)
    except Invalid:
        form.fail(
            "destination",
            _(
                "Write the whole address of a page, with https://, on a host of the shop: %(hosts)s.",
                hosts=", ".join(hosts),
            ),
        )
    if form["code"]:
        try:
            link_code(form["code"])
        except Invalid:
            form.fail(
                "code",
                _("Use 3 to 64 of the characters A-Z a-z 0-9 _ and -. Words of this site are reserved."),
            )


def _page(brand: Brand, hosts: list[str], people: list[Participant], form: Form) -> Response:
    return form.page(
        "backoffice/new_link.html",
        brand=brand,
        hosts=hosts,
        people=people,
        link_url=site().settings.link_url,
        setup=setup_bar(brand.id, Step.CREATOR),
    )
