"""Guards of pages: who has to be signed in, with which role. The view gets the Person as its first argument.

A brand or a page that is none of the person's business is not found (404), so that nobody learns what exists.
A role that is not enough is told in plain words (403).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from tracker.errors import LinkledgerError, NotFound
from tracker.http.access import Access, with_access
from tracker.http.safety import SAFE_METHODS
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_person, request_time
from tracker.people.access.person import Person
from tracker.people.accounts.roles import Role, role_name

View = Callable[..., Any]
Check = Callable[[Person, dict[str, Any]], None]

SECRET_FIELDS = ("password", "secret", "code", "credential")
"""Fields whose names contain one of these words are never sent back to the browser."""


class RoleNotEnough(LinkledgerError):
    """The person has a role at the brand, but not one that allows this."""

    status = 403
    exit_code = 2


def signed_in(reason: str) -> Callable[[View], View]:
    """Anybody who is signed in may call this view."""
    return _guard(Access("person", reason), lambda _person, _named: None)


def brand_page(*roles: Role, reason: str) -> Callable[[View], View]:
    """A member of the brand in the path (`<brand_id>`) with one of these roles may call this view."""
    assert roles, "name the roles that may call the view"

    def check(person: Person, named: dict[str, Any]) -> None:
        role = person.roles.get(named["brand_id"])
        if role is None:
            raise _not_found()
        if role not in roles:
            raise RoleNotEnough(
                _(
                    "Your role at this brand is %(role)s. This page is for: %(roles)s. "
                    "Ask an owner of the brand if you need it.",
                    role=role_name(role),
                    roles=", ".join(role_name(each) for each in roles),
                )
            )

    return _guard(Access("brand", reason, roles=tuple(role.value for role in roles)), check)


def creator_page(reason: str) -> Callable[[View], View]:
    """A person who is a creator may call this view; it shows that creator's rows alone."""

    def check(person: Person, _named: dict[str, Any]) -> None:
        if person.creator_id is None:
            raise _not_found()

    return _guard(Access("creator", reason), check)


def operator_page(reason: str) -> Callable[[View], View]:
    """An operator of the installation may call this view."""

    def check(person: Person, _named: dict[str, Any]) -> None:
        if not person.is_operator:
            raise _not_found()

    return _guard(Access("operator", reason), check)


def stepped_up(reason: str) -> Callable[[View], View]:
    """The person also has to have proven who they are in the last ten minutes. Stands above another guard."""

    def decorate(view: View) -> View:
        access: Access = view.__access__  # type: ignore[attr-defined]
        assert access.kind in ("person", "brand", "creator", "operator"), access.kind

        @wraps(view)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            person = current_person()
            if person is None or person.has_stepped_up(request_time()):
                return view(*arguments, **named)  # without a person, the guard below refuses
            check: Check = view.__check__  # type: ignore[attr-defined]
            check(person, named)
            return _lead_to("people.step_up", signed_out=False)

        wrapper.__check__ = view.__check__  # type: ignore[attr-defined]
        declared = Access(access.kind, f"{access.reason}; {reason}", roles=access.roles, stepped_up=True)
        return with_access(declared)(wrapper)

    return decorate


def _guard(access: Access, check: Check) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            person = current_person()
            if person is None:
                return _lead_to("people.sign_in", signed_out=True)
            check(person, named)
            g.admitted = access.kind  # the access matrix of the tests looks at it
            return view(person, *arguments, **named)

        wrapper.__check__ = check  # type: ignore[attr-defined]
        return with_access(access)(wrapper)

    return decorate


def _not_found() -> NotFound:
    return NotFound(_("There is no such page, or it is not yours."))


def _lead_to(endpoint: str, *, signed_out: bool) -> Response:
    """To the sign-in or step-up, and back. A form is not lost: the page offers to send it again."""
    if request.method in SAFE_METHODS:
        address = url_for(endpoint, next=request.full_path.rstrip("?"))
        if request.headers.get("HX-Request"):
            return Response(status=204, headers={"HX-Redirect": address})
        return redirect(address, 303)
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if not any(word in name for word in SECRET_FIELDS)
    ]
    page = render_template(
        "people/interrupted.html",
        signed_out=signed_out,
        prove=url_for(endpoint, next=url_for("people.proven")),
        fields=fields,
        files_lost=bool(request.files),
    )
    return make_response(page, 403)
