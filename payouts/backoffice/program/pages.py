"""The page of a program: its terms, with what an order would pay beside them."""

from dataclasses import dataclass
from functools import partial

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from config.database import read_session, transact
from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.program.example import Example, example_order
from payouts.backoffice.program.saving import (
    SavedProgram,
    form_of,
    read_program,
    save_program,
    take_back_of,
)
from payouts.backoffice.setup_bar import setup_bar
from payouts.backoffice.setup_state import Step
from tracker.errors import LinkledgerError, NotFound
from tracker.http.site import site
from tracker.language.formats import format_time
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.roles import RUNS_THE_PROGRAM
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.models import Program
from tracker.programs.operations import list_programs
from tracker.ui.forms import Form
from tracker.ui.notices import notify


@dataclass(frozen=True)
class _Opened:
    """What the page is about. `program` is None for a brand's first one."""

    brand: Brand
    rules: BrandRules
    program: Program | None
    programs: list[Program]
    take_back: int | None


@blueprint.route("/program", methods=["GET", "POST"])
@brand_page(*RUNS_THE_PROGRAM, reason="shows and changes the terms of a program")
def program(person: Person, brand_id: str) -> AnyResponse:
    now, here = request_time(), site()
    with read_session(here.databases.main) as session:
        opened = _open(session, brand_id)
        if request.method == "GET":
            return _page(opened, form_of(session, now, opened.brand, opened.program))
    form = Form.sent()
    typed = read_program(form, opened.brand, opened.program, opened.take_back)
    if typed is None or "example" in form:
        return _page(opened, form)
    save = partial(
        save_program,
        now=now,
        actor=person.actor("backoffice.program"),
        brand=opened.brand,
        program=opened.program,
        typed=typed,
    )
    try:
        saved = transact(here.databases.main, save)
    except LinkledgerError as error:
        form.reject(error)
        return _page(opened, form)
    notify(_notice_of(saved, opened.brand))
    if opened.program is None:
        return redirect(url_for("backoffice.shop", brand_id=brand_id), 303)
    return redirect(url_for("backoffice.program", brand_id=brand_id, program=saved.program_id), 303)


@blueprint.get("/program/example")
@brand_page(*RUNS_THE_PROGRAM, reason="computes what an order would pay, from typed terms")
def program_example(_person: Person, brand_id: str) -> str:
    with read_session(site().databases.main) as session:
        opened = _open(session, brand_id)
    form = Form(request.args.to_dict())
    return render_template("backoffice/program_example.html", example=_example(opened, form))


def _open(session: Session, brand_id: str) -> _Opened:
    brand = get_brand(session, brand_id)
    programs = [each for each in list_programs(session, brand.id) if each.state != "ended"]
    wanted = request.args.get("program")
    found = next((each for each in programs if wanted in (None, each.id)), None)
    if wanted is not None and found is None:
        raise NotFound(_("There is no such program, or it has ended."))
    return _Opened(brand, load_rules(session, brand.id), found, programs, take_back_of(session, found))


def _page(opened: _Opened, form: Form) -> Response:
    return form.page(
        "backoffice/program.html",
        brand=opened.brand,
        program=opened.program,
        programs=opened.programs,
        example=_example(opened, form),
        setup=setup_bar(opened.brand.id, Step.PROGRAM),
    )


def _example(opened: _Opened, form: Form) -> Example | None:
    """None while a field cannot be read. The form's own errors are left to its submission."""
    typed = read_program(
        Form({name: form[name] for name in ("name", "rate", "base", "window", "hold", "minimum")}),
        opened.brand,
        opened.program,
        opened.take_back,
    )
    if typed is None:
        return None
    return example_order(typed.conditions, opened.rules, typed.minimum, request_time())


def _notice_of(saved: SavedProgram, brand: Brand) -> str:
    if saved.effective_at is not None and saved.effective_at > request_time():
        return _(
            "Saved. Creators would earn less by this, so it takes effect on %(at)s, after its notice.",
            at=format_time(saved.effective_at, brand.timezone, with_zone=True),
        )
    return _("Saved.")
