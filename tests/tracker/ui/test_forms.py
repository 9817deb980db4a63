"""Forms keep what was typed and show what is wrong at the field."""

import io

import pytest
from flask import Flask

from tests.conftest import settings_for
from tracker.errors import Conflict, Fault, Invalid
from tracker.ui.forms import Form
from wsgi import create_app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(settings_for(tmp_path_factory.mktemp("home")))


PAGE = (
    '{% extends "ui/door.html" %}{% block title %}Names{% endblock %}{% block main %}'
    '{% import "ui/parts.html" as ui with context %}{{ ui.form_errors(form, {"name": "Name"}) }}'
    '{{ ui.field("name", "Name", form=form, hint="Only you see it.") }}{% endblock %}'
)


def shown(app: Flask, form: Form) -> str:
    with app.test_request_context("/app/names", method="POST"):
        return app.jinja_env.from_string(PAGE).render(form=form)


def test_a_form_keeps_what_was_typed(app: Flask) -> None:
    data = {"name": " <b>Anna\0 ", "kinds": ["a", "b"], "note": "one\r\ntwo"}
    with app.test_request_context("/app/names", method="POST", data=data):
        form = Form.sent()
    assert (form["name"], form.raw("name"), form["nothing"]) == ("<b>Anna", " <b>Anna ", "")
    assert (form.all("kinds"), form.raw("note"), "kinds" in form) == (["a", "b"], "one\ntwo", True)
    assert 'value=" &lt;b&gt;Anna "' in shown(app, form)


def test_the_error_of_an_operation_stands_at_its_field(app: Flask) -> None:
    form = Form({"name": "x" * 500})
    form.reject(Invalid("A name has 1 to 120 characters.", "name"))
    page = shown(app, form)
    assert "<title>Error: Names – Linkledger</title>" in page
    assert 'aria-describedby="name-hint name-error"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="name-error"' in page
    assert '<a href="#name">Name</a>: A name has 1 to 120 characters.' in page


def test_a_form_without_errors_has_no_trace_of_them(app: Flask) -> None:
    page = shown(app, Form({"name": "Anna"}))
    assert "Error:" not in page
    assert "aria-invalid" not in page


def test_an_error_without_a_field_stands_above_the_form(app: Flask) -> None:
    form = Form()
    form.reject(Conflict("This name is taken."))
    assert (form.errors, form.status) == ({"": "This name is taken."}, 409)
    assert "This name is taken." in shown(app, form)


def test_the_first_error_of_a_field_stays_and_can_be_renamed() -> None:
    form = Form()
    form.reject(Invalid("First.", "email"))
    form.reject(Invalid("Second.", "email"))
    form.rename(email="address")
    assert form.errors == {"address": "First."}


def test_a_fault_is_no_server_error_of_a_form() -> None:
    form = Form()
    form.reject(Fault("The books do not balance."))
    assert form.status == 422


def test_a_file_is_read_once_chosen(app: Flask) -> None:
    data = {"logo": (io.BytesIO(b"content"), "logo.png"), "other": (io.BytesIO(b""), "")}
    with app.test_request_context("/app/logo", method="POST", data=data):
        form = Form.sent()
        assert (form.file("logo"), form.file("other"), form.file("nothing")) == (b"content", None, None)
