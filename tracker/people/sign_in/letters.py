"""The mails of sign-in and step-up."""

from dataclasses import dataclass
from datetime import datetime

from tracker.language.formats import format_time
from tracker.language.texts import use_language
from tracker.mail.compose import compose
from tracker.mail.letters import Letter


@dataclass(frozen=True)
class SignInMail:
    """What the mail says. `link` is a complete address; `expires_at` counts for link and code."""

    language: str
    timezone: str
    code: str
    link: str
    expires_at: datetime


def compose_sign_in(mail: SignInMail) -> Letter:
    """The mail with a code and a link."""
    return compose("sign_in", mail.language, code=mail.code, link=mail.link, until=_until(mail))


def compose_step_up(mail: SignInMail) -> Letter:
    """The mail with a code for a person who is signed in."""
    return compose("step_up", mail.language, code=mail.code, until=_until(mail))


def _until(mail: SignInMail) -> str:
    with use_language(mail.language):
        return format_time(mail.expires_at, mail.timezone, with_zone=True)
