"""The home of operators."""

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, render_template

from config.database import read_session
from config.schema import schema_states
from payouts.operator.health import installation_health
from tracker.http.site import site
from tracker.language.texts import gettext_noop as N_
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import operator_page
from tracker.people.access.person import Person
from tracker.ui.navigation import Item, Layout, register_items

blueprint = Blueprint("operator", __name__, url_prefix="/app/operator", template_folder="templates")
register_items(blueprint, Layout.OPERATOR, Item("operator.home", N_("Installation"), "home", 10))


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
