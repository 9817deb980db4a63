"""Finds texts of a page that are in no catalogue: in the pseudo-language, every translated text is marked.

Texts of people and data are not ours. A template says so with `translate="no"`, as HTML defines it, or with
the elements for data, times, foreign names, code and typed text.
"""

from html.parser import HTMLParser

from tracker.language.texts import PSEUDO_MARKS

DATA_ELEMENTS = frozenset(("data", "time", "bdi", "code", "kbd", "pre", "script", "style", "svg", "textarea"))
VOID_ELEMENTS = frozenset(("br", "hr", "img", "input", "link", "meta", "source", "wbr"))
TEXT_ATTRIBUTES = ("alt", "aria-label", "title", "placeholder")
PRODUCT = "Linkledger"


def untranslated(html: str, brand_name: str = PRODUCT) -> list[str]:
    """The texts and attributes outside the marks that contain a letter, in the order of the page.

    `brand_name`: the name of the brand, which the title ends with.
    """
    reader = _Reader(brand_name)
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self, brand_name: str) -> None:
        super().__init__()
        self._names = (f" – {brand_name}", PRODUCT)
        self.found: list[str] = []
        self._depth = 0
        """How many marked texts are open."""
        self._elements: list[tuple[str, bool]] = []
        """Open elements, and whether each holds data."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_data = tag in DATA_ELEMENTS or values.get("translate") == "no"
        for name in TEXT_ATTRIBUTES:
            if not is_data and not self._in_data():
                self._check(values.get(name) or "", 0)
        if tag not in VOID_ELEMENTS:
            self._elements.append((tag, is_data))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_ELEMENTS:
            self._elements.pop()

    def handle_endtag(self, tag: str) -> None:
        """Also ends elements inside whose end is left out, such as of a paragraph."""
        while self._elements and self._elements.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        depth = self._depth
        self._depth += data.count(PSEUDO_MARKS[0]) - data.count(PSEUDO_MARKS[1])
        if not self._in_data():
            self._check(data, depth)

    def _in_data(self) -> bool:
        return any(is_data for _tag, is_data in self._elements)

    def _check(self, text: str, depth: int) -> None:
        outside = ""
        for character in text:
            depth += (character == PSEUDO_MARKS[0]) - (character == PSEUDO_MARKS[1])
            outside += character if depth == 0 else " "
        for name in self._names:
            outside = outside.replace(name, "")
        if any(character.isalpha() for character in outside):
            self.found.append(" ".join(text.split()))
