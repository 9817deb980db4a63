"""Every text for people is in a catalogue, translated completely, with the same placeholders."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tests.harness.texts import LANGUAGE, existing_catalogues, extracted, messages, stored, updated
from tracker.language.catalogues import catalogue_files, message_forms, message_key

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%|(%)")


def all_messages() -> Iterator[tuple[str, Message]]:
    for path in existing_catalogues():
        for message in messages(stored(path)):
            yield f"{path.parent.parent.name}: {message_key(message)[1]!r}", message


def test_the_catalogues_are_those_that_make_texts_writes() -> None:
    fresh = extracted()
    assert sorted(fresh) == existing_catalogues() == catalogue_files(LANGUAGE)
    stale = [path for path in fresh if updated(path, fresh[path]) != path.read_bytes()]
    assert stale == [], "run `make texts`"


def test_every_text_is_translated() -> None:
    faults = [place for place, message in all_messages() if message.fuzzy or not all(message_forms(message))]
    assert faults == []


def test_a_translation_has_the_placeholders_and_the_outer_space_of_its_text() -> None:
    faults = []
    for place, message in all_messages():
        source = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        names = {name for text in source for name in placeholders(text)}
        for form in message_forms(message):
            if placeholders(form) - names or (form.strip() == form) != (source[0].strip() == source[0]):
                faults.append(place)
        if len(source) == 1 and placeholders(message_forms(message)[0]) != names:
            faults.append(place)
    assert faults == []


def test_a_text_has_one_translation_in_all_packages() -> None:
    found: dict[object, set[tuple[str, ...]]] = defaultdict(set)
    for _place, message in all_messages():
        found[message_key(message)].add(message_forms(message))
    assert {key: forms for key, forms in found.items() if len(forms) > 1} == {}


def test_make_texts_keeps_translations_and_removes_unused_texts(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    path.write_bytes(updated(path, catalogue("Sign in", "Sign out")))
    text = path.read_text().replace('msgid "Sign in"\nmsgstr ""', 'msgid "Sign in"\nmsgstr "Anmelden"')
    path.write_text(text)
    path.write_bytes(updated(path, catalogue("Sign in", "Sign in again")))
    found = {str(message.id): str(message.string or "") for message in messages(stored(path))}
    assert found == {"Sign in": "Anmelden", "Sign in again": ""}
    assert "Sign out" not in path.read_text()


def test_texts_of_modules_and_templates_are_found(tmp_path: Path) -> None:
    files = {
        "tracker/people/sign_in/pages.py": 'x = _("Sign in"), ngettext("%(num)s try", "%(num)s tries", 2)',
        "tracker/people/templates/people/code.html": "{% trans %}Write\n the code{% endtrans %}{{ _('Go') }}",
        "payouts/states.py": 'WORDS = {1: gettext_noop("Held")}\nz = pgettext("door", "Open")\n',
        "tracker/people/static/app.html": "{{ _('No template') }}",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = {
        path.relative_to(tmp_path).as_posix(): sorted(message_key(each)[1] for each in messages(texts))
        for path, texts in extracted(tmp_path).items()
    }
    assert found == {
        "tracker/people/texts/de.po": ["%(num)s try", "Go", "Sign in", "Write the code"],
        "payouts/texts/de.po": ["Held", "Open"],
    }


@pytest.mark.parametrize("text", ["10 % of", "%s", "%(name)d", "50%"])
def test_a_percent_sign_that_would_break_a_page_is_found(text: str) -> None:
    with pytest.raises(AssertionError):
        placeholders(text)


def catalogue(*texts: str) -> Catalog:
    found = Catalog(locale=LANGUAGE)
    for text in texts:
        found.add(text, locations=[("a.py", 1)])
    return found


def placeholders(text: str) -> set[str]:
    """The names in `%(name)s`. Every other percent sign is doubled, because each text is a format string."""
    assert not any(match[2] for match in _PLACEHOLDER.finditer(text)), text
    return {match[1] for match in _PLACEHOLDER.finditer(text) if match[1]}
