"""Browsers of people, as clients of the whole application."""

from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.database import Databases
from config.settings import Settings
from tests.tracker.people.sign_in.mails import ReceivedMail, last_mail

COOKIE = "linkledger"
FAY = "fay@people.example"


@dataclass
class Visitor:
    """One browser. `follow` is off everywhere: tests look at each response."""

    client: FlaskClient
    settings: Settings
    databases: Databases

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})

    def ask(self, email: str, next_path: str = "") -> str:
        """Ask for a mail. Returns the address of the page for the code."""
        response = self.post("/app/sign-in", email=email, next=next_path)
        assert response.status_code == 303, response.text
        return response.location

    def mail(self) -> ReceivedMail:
        return last_mail(self.settings, self.databases)

    def sign_in(self, email: str) -> None:
        response = self.post(self.ask(email), code=self.mail().code)
        assert response.status_code == 303, response.text

    @property
    def token(self) -> str | None:
        cookie = self.client.get_cookie(COOKIE)
        return None if cookie is None else cookie.value

    @property
    def is_signed_in(self) -> bool:
        return "/app/sign-in" not in (self.get("/app/").location or "")


def new_visitor(app: Flask, settings: Settings, databases: Databases) -> Visitor:
    return Visitor(app.test_client(), settings, databases)
