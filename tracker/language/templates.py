"""Texts and formats in Jinja templates, the same in pages and mails."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import Environment, pass_context

from tracker.language import formats
from tracker.language.texts import current_language, translate, translate_in_context, translate_plural

FILTERS: tuple[Callable[..., str], ...] = (
    formats.format_money,
    formats.format_number,
    formats.format_percent,
    formats.format_date,
    formats.format_time,
    formats.format_list,
)


def install_texts(environment: Environment) -> None:
    """`_`, `ngettext`, `pgettext`, `{% trans %}`, `current_language()`, and the filters above.

    In `{% trans %}`, a line break and the space around it are one space. Values are escaped, as everywhere.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    install: Callable[..., None] = getattr(environment, "install_gettext_callables")  # noqa: B009
    install(translate, translate_plural, newstyle=True, pgettext=translate_in_context)
    environment.globals["current_language"] = current_language
    for function in FILTERS:
        environment.filters[function.__name__] = _at_each_rendering(function)


def _at_each_rendering(function: Callable[..., str]) -> Callable[..., str]:
    """Jinja computes a filter of constants when it compiles a template, once for all languages.

    It does not do this with a filter that asks for the context.
    """

    @pass_context
    @wraps(function)
    def rendered(_context: Any, *arguments: Any, **named: Any) -> str:
        return function(*arguments, **named)

    return rendered
