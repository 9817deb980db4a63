"""The pages of a brand's creators: the list, and adding some."""

from functools import partial

from babel.core import get_global
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from config.database import read_session, transact
from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.creators.adding import AddedCreator, Invitation, add_creators
from payouts.backoffice.creators.address_list import AddressList, Fault, parse_address_list
from payouts.backoffice.creators.listing import PAGE, creators_of_brand
from payouts.backoffice.fields import read
from payouts.backoffice.setup_bar import setup_bar
from payouts.backoffice.setup_state import Step
from tracker.errors import LinkledgerError
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.language.texts import ngettext
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.roles import EVERY_ROLE, RUNS_THE_PROGRAM
from tracker.people.accounts.rules import normalize_country
from tracker.people.invitations.operations import Sending
from tracker.programs.models import Program
from tracker.programs.operations import list_programs
from tracker.ui.forms import Form


@blueprint.get("/creators")
@brand_page(*EVERY_ROLE, reason="lists the creators of the brand")
def creators(person: Person, brand_id: str) -> str:
    after = request.args.get("after", "")
    with read_session(site().databases.main) as session:
        brand = get_brand(session, brand_id)
        found = creators_of_brand(session, brand_id, after, PAGE + 1)
        has_program = any(each.state != "ended" for each in list_programs(session, brand_id))
    return render_template(
        "backoffice/creators.html",
        brand=brand,
        creators=found[:PAGE],
        is_last=len(found) <= PAGE,
        has_program=has_program,
        may_change=person.roles[brand_id] in RUNS_THE_PROGRAM,
        link_url=site().settings.link_url,
        setup=setup_bar(brand_id, Step.CREATOR),
    )


@blueprint.route("/creators/invite", methods=["GET", "POST"])
@brand_page(*RUNS_THE_PROGRAM, reason="invites creators to a program")
def invite_creators(person: Person, brand_id: str) -> AnyResponse:
    with read_session(site().databases.main) as session:
        brand = get_brand(session, brand_id)
        programs = [each for each in list_programs(session, brand_id) if each.state == "active"]
    if not programs:
        return redirect(url_for("backoffice.program", brand_id=brand_id), 303)
    if request.method == "GET":
        first = Form({"program": programs[0].id, "country": _country_of(brand.timezone)})
        return _page(brand, programs, first)
    form = Form.sent()
    listed = parse_address_list(_whole_list(form))
    if form["program"] not in {each.id for each in programs}:
        form.fail("", _("Choose a program of the list. The one that was chosen has ended or is paused."))
    country = read(
        form, "country", normalize_country, _("Write the two letters of a country, such as DE or US.")
    )
    _check_list(form, listed)
    if form.errors or country is None:
        return _page(brand, programs, form, listed)
    sending = Sending(site().settings.web_url, site().settings.secret_keys)
    work = partial(
        add_creators,
        now=request_time(),
        actor=person.actor("backoffice.invite_creators"),
        to=Invitation(brand_id, form["program"], country, sending),
        invitees=listed.invitees,
    )
    try:
        added = transact(site().databases.main, work)
    except LinkledgerError as error:
        form.reject(error)
        return _page(brand, programs, form, listed)
    return _result_page(brand, added, listed, shows_links=person.is_operator)


def _whole_list(form: Form) -> str:
    """The single person, the pasted list and the file, one after the other."""
    single = f'"{form["name"]}" <{form["email"]}>' if form["email"] else form["name"]
    return "\n".join(filter(None, (single, form.raw("list"), _text_of(form.file("file")))))


def _text_of(content: bytes | None) -> str:
    """A file in UTF-8, or as spreadsheets save it on Windows."""
    if content is None:
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _check_list(form: Form, listed: AddressList) -> None:
    """What cannot be read is an error, until somebody says that the rest is enough. A repetition is none."""
    unread = [bad for bad in listed.bad_lines if bad.fault is not Fault.REPEATED]
    if not listed.invitees:
        form.fail("list", _("There is no e-mail address in it. Write one in each line."))
    elif unread and "accept" not in form:
        form.fail(
            "list",
            ngettext(
                "%(num)s line cannot be read. It is shown below.",
                "%(num)s lines cannot be read. They are shown below.",
                len(unread),
            ),
        )


def _page(brand: Brand, programs: list[Program], form: Form, listed: AddressList | None = None) -> Response:
    """After errors the whole list is in the text area: a browser does not keep a file."""
    if listed is not None:
        values = {name: form[name] for name in ("program", "country")}
        errors, form = form.errors, Form(values | {"list": _whole_list(form)})
        form.errors.update(errors)
    return form.page(
        "backoffice/invite_creators.html",
        brand=brand,
        programs=programs,
        listed=listed,
        setup=setup_bar(brand.id, Step.CREATOR),
    )


def _result_page(
    brand: Brand, added: list[AddedCreator], listed: AddressList, *, shows_links: bool
) -> Response:
    """Without SMTP, an operator sees the links; others hear that an operator has them."""
    return Form().page(
        "backoffice/invited_creators.html",
        brand=brand,
        shows_links=shows_links and not site().settings.smtp_url,
        has_smtp=bool(site().settings.smtp_url),
        added=added,
        bad_lines=listed.bad_lines,
        setup=setup_bar(brand.id, Step.CREATOR),
    )


def _country_of(timezone: str) -> str:
    """The country of the brand's zone, as a suggestion; "" where it has none."""
    for country, zones in get_global("territory_zones").items():
        if timezone in zones and len(country) == 2:
            return str(country)
    return ""
