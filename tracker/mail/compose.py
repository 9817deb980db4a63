"""Composes a message from its templates: `templates/mail/<name>.txt` and `.html` of any package.

The plain form has a block `subject` and extends mail/base.txt, the other one extends mail/base.html. Both get
`look`, `accent` and what the caller gives.
"""

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from tracker.language.templates import install_texts
from tracker.language.texts import use_language
from tracker.mail.colours import PRODUCT_COLOUR, accent_of
from tracker.mail.letters import Letter, without_hidden

ROOT = Path(__file__).parents[2]
TOP_PACKAGES = ("tracker", "payouts")
LINE_LENGTH = 72
SIGNATURE = "-- "
"""RFC 3676, section 4.3: the line above a signature, with the space."""
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class MailLook:
    """Whose message it is. `contact`: the address that gets replies. `logo_url`: a picture at our address."""

    name: str = "Linkledger"
    colour: str = PRODUCT_COLOUR
    logo_url: str | None = None
    contact: str | None = None


PRODUCT = MailLook()


def compose(template: str, language: str, look: MailLook = PRODUCT, **context: Any) -> Letter:
    """The message that the templates of this name make of `context`, in the language of its reader."""
    values = {"look": look, "accent": accent_of(look.colour)} | context
    with use_language(language):
        plain = _environment().get_template(f"mail/{template}.txt")
        subject = " ".join(_block(plain, "subject", values).split())
        text = _wrapped(plain.render(values))
        html = _environment().get_template(f"mail/{template}.html").render(values, subject=subject)
    return Letter(subject, text, without_hidden(html), look.name, look.contact)


def _block(template: Template, name: str, values: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(values)))


def _wrapped(text: str) -> str:
    """Lines of at most LINE_LENGTH. An address stays whole, and so does a line that begins with a space."""
    lines = [_wrapped_line(line) for line in without_hidden(text).split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _wrapped_line(line: str) -> str:
    if line == SIGNATURE:
        return line
    line = line.rstrip()
    if len(line) <= LINE_LENGTH or line.startswith(" "):
        return line
    return textwrap.fill(line, LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


@cache
def _environment() -> Environment:
    folders = [each.parent for top in TOP_PACKAGES for each in (ROOT / top).glob("**/templates/mail")]
    environment = Environment(
        loader=FileSystemLoader(sorted(folders)),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    install_texts(environment)
    return environment
