"""The catalogues of texts. `make texts` adds new texts and removes unused ones.

A text belongs to the package below `tracker` or `payouts` in which it stands: those of tracker/people/sign_in
are in tracker/people/texts/de.po.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from tests.harness import ROOT
from tracker.language.catalogues import TOP_PACKAGES
from tracker.language.texts import LANGUAGES

LANGUAGE = LANGUAGES[1]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_noop": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
METHODS = {".py": "python", ".html": "jinja2", ".txt": "jinja2"}
JINJA_OPTIONS = {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
COMMENT_TAG = "For translators:"
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)
"""Without dates, so that a catalogue changes only where its texts do."""


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Python files, and the templates of pages and mails."""
    for package in TOP_PACKAGES:
        for file in sorted((root / package).rglob("*")):
            if file.suffix == ".py" or (file.suffix in METHODS and "templates" in file.parts):
                yield file


def catalogue_path(source: Path, root: Path = ROOT) -> Path:
    """tracker/people/sign_in/pages.py -> tracker/people/texts/de.po."""
    parts = source.relative_to(root).parts
    return root.joinpath(*parts[: min(2, len(parts) - 1)], "texts", f"{LANGUAGE}.po")


def extracted(root: Path = ROOT) -> dict[Path, Catalog]:
    """Path of a catalogue -> the texts of its package, without translations."""
    found: dict[Path, Catalog] = defaultdict(lambda: Catalog(locale=LANGUAGE))
    for source in sources(root):
        method = METHODS[source.suffix]
        options = JINJA_OPTIONS if method == "jinja2" else {}
        texts = list(
            extract_from_file(method, source, keywords=KEYWORDS, comment_tags=(COMMENT_TAG,), options=options)
        )
        for _line, text, comments, context in texts:
            path = catalogue_path(source, root)
            place = (source.relative_to(root).as_posix(), 0)
            found[path].add(text, context=context, locations=[place], auto_comments=comments)
    return dict(found)


def stored(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=LANGUAGE, abort_invalid=True)


def updated(path: Path, fresh: Catalog) -> bytes:
    """The file with today's texts: translations stay, unused texts go, new ones are empty."""
    catalogue = stored(path) if path.exists() else Catalog(locale=LANGUAGE)
    catalogue.update(fresh, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    body = BytesIO()
    write_po(body, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False)
    return HEADER.format(language=LANGUAGE).encode() + body.getvalue().lstrip(b"\n")


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def main() -> None:
    fresh = extracted()
    for path in [*fresh, *(set(existing_catalogues()) - fresh.keys())]:
        if path not in fresh:
            path.unlink()
            sys.stdout.write(f"{path.relative_to(ROOT)}: has no texts any more, removed\n")
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(updated(path, fresh[path]))
        empty = sum(not message.string or not all(message.string) for message in messages(stored(path)))
        if empty:
            sys.stdout.write(f"{path.relative_to(ROOT)}: {empty} texts wait for a translation\n")


def existing_catalogues(root: Path = ROOT) -> list[Path]:
    return sorted(file for package in TOP_PACKAGES for file in (root / package).rglob(f"texts/{LANGUAGE}.po"))


if __name__ == "__main__":
    main()
