"""The home of operators. Importing this module adds all views of operators to the blueprint."""

from importlib.metadata import PackageNotFoundError, version

from flask import render_template

from config.database import read_session
from config.schema import schema_states
from payouts.operator import mail_pages
from payouts.operator.blueprint import blueprint
from payouts.operator.health import installation_health
from tracker.http.site import site
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import operator_page
from tracker.people.access.person import Person

__all__ = ["blueprint", "mail_pages"]


@blueprint.get("/")
@operator_page("shows whether the installation is healthy")
def home(person: Person) -> str:
    here = site()
    with read_session(here.databases.main) as session:
        health = installation_health(session, request_time())
    return render_template(
        "operator/home.html",
        health=health,
        now=request_time(),
        zone=person.timezone or "UTC",
        version=_version(),
        schemas={state.name: state.current for state in schema_states(here.databases)},
        rail=here.settings.rail,
        has_smtp=bool(here.settings.smtp_url),
    )


def _version() -> str:
    try:
        return version("linkledger")
    except PackageNotFoundError:
        return "–"
