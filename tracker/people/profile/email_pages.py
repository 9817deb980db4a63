"""Pages of a change of the e-mail address."""

from functools import partial

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in, stepped_up
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.connections import connections
from tracker.people.profile.email_change import (
    Outcome,
    Sending,
    cancel_change,
    confirm_change,
    find_change,
    open_change,
    request_change,
)
from tracker.ui.forms import Form
from tracker.ui.notices import notify

GONE = 410
OWN_ADDRESS = "shows and changes the person's own address"


@blueprint.get("/app/profile/email")
@stepped_up("the address lets somebody in")
@signed_in(OWN_ADDRESS)
def email(person: Person) -> Response:
    return _page(person, Form())


@blueprint.post("/app/profile/email")
@stepped_up("the address lets somebody in")
@signed_in(OWN_ADDRESS)
def change_email(person: Person) -> Response:
    form, settings = Form.sent(), site().settings
    ask = partial(
        request_change,
        now=request_time(),
        user_id=person.user_id,
        new_email=form["email"],
        sending=Sending(settings.web_url, settings.secret_keys),
    )
    try:
        transact(site().databases.main, ask)
    except Invalid as error:
        form.reject(error)
        return _page(person, form)
    notify(_("Two mails are on their way. The change counts when both addresses have confirmed it."))
    return redirect(url_for("people.email"), 303)


@blueprint.post("/app/profile/email/cancel")
@signed_in("ends a change that the person asked for")
def cancel_email(person: Person) -> Response:
    cancel = partial(cancel_change, now=request_time(), user_id=person.user_id)
    if transact(site().databases.main, cancel):
        notify(_("Your address stays as it is."))
    return redirect(url_for("people.profile"), 303)


@blueprint.get("/app/email-change/<token>")
@public("shows a button and changes nothing: mail scanners follow links")
def email_change(token: str) -> Response:
    with read_session(site().databases.main) as session:
        found = find_change(session, request_time(), token)
    if found is None:
        return _over()
    return make_response(render_template("people/email_confirm.html"))


@blueprint.post("/app/email-change/<token>")
@public("confirms or stops a change, for who has the link that one of the addresses got")
def confirm_email(token: str) -> Response:
    if "stop" in request.form:
        return _stop(token)
    confirm = partial(
        confirm_change,
        now=request_time(),
        token=token,
        entry_point=request.endpoint or "",
        has_payee=connections().has_payee,
    )
    outcome = transact(site().databases.main, confirm)
    if outcome is Outcome.OVER:
        return _over()
    return make_response(render_template("people/email_confirmed.html", text=_words(outcome)))


def _stop(token: str) -> Response:
    now = request_time()
    with read_session(site().databases.main) as session:
        found = find_change(session, now, token)
    if found is None:
        return _over()
    transact(site().databases.main, partial(cancel_change, now=now, user_id=found.user_id))
    text = _("The address stays as it is. If you did not ask for the change, sign out everywhere.")
    return make_response(render_template("people/email_confirmed.html", text=text))


def _words(outcome: Outcome) -> str:
    return {
        Outcome.WAITS_FOR_OTHER: _("Thank you. Now the other address has to confirm, too."),
        Outcome.WAITS: _(
            "Thank you, both addresses have confirmed. Because you have payout details, "
            "the change is made after 72 hours. Until then you can stop it on your profile."
        ),
        Outcome.APPLIED: _("Thank you. Your address is changed; sign in with the new one from now on."),
        Outcome.TAKEN: _("This address belongs to another account, so nothing was changed."),
    }[outcome]


def _page(person: Person, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        change = open_change(session, request_time(), person.user_id)
    return form.page("people/email.html", person=person, change=change, zone=person.timezone or "UTC")


def _over() -> Response:
    page = render_template(
        "people/over.html",
        title=_("This link no longer works"),
        text=_("It was used, or the change was stopped, or three days have passed."),
        to_sign_in=True,
    )
    return make_response(page, GONE)
