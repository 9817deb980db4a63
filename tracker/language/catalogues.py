"""The catalogues: `texts/<language>.po` in every package that has texts for people."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
TOP_PACKAGES = ("tracker", "payouts")

Key = tuple[str | None, str]
"""The context of a message, or None, and its English text; of a message with a plural, the singular."""


class Translations:
    """All messages of one language. Each has one form, or one for the singular and one for the plural."""

    def __init__(self, forms: Mapping[Key, tuple[str, ...]]) -> None:
        self._forms = forms

    def find(self, context: str | None, text: str) -> tuple[str, ...] | None:
        return self._forms.get((context, text))


def catalogue_files(language: str) -> list[Path]:
    return sorted(
        file for package in TOP_PACKAGES for file in (ROOT / package).glob(f"**/texts/{language}.po")
    )


def read_messages(file: Path, language: str) -> Iterator[Message]:
    """The messages of one file, without its header and without removed ones."""
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, ignore_obsolete=True, abort_invalid=True)
    return (message for message in catalogue if message.id)


def message_key(message: Message) -> Key:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def message_forms(message: Message) -> tuple[str, ...]:
    """One text, or one for each plural form; empty texts where a translation is missing."""
    if isinstance(message.string, str | None):
        return (message.string or "",)
    return tuple(message.string)


def read_translations(language: str) -> Translations:
    """Everything that is translated; a message without a translation stays English."""
    return Translations(
        {
            message_key(message): message_forms(message)
            for file in catalogue_files(language)
            for message in read_messages(file, language)
            if all(message_forms(message)) and not message.fuzzy
        }
    )
