"""What is kept about a browser."""

import pytest

from tests.tracker.clicks.visitors import PEOPLE
from tracker.http.browser import browser_family


@pytest.mark.parametrize("name", PEOPLE)
def test_the_family_has_no_version_and_no_system(name: str) -> None:
    family = browser_family(PEOPLE[name][0])
    assert family is None or family.replace(" ", "").isalpha()


def test_a_browser_that_also_names_others_is_recognized() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    assert browser_family(edge) == "Edge"
    assert browser_family("Mozilla/5.0 (iPhone) CriOS/140.0 Mobile Safari/604.1") == "Chrome"
    assert browser_family("curl/8.5") is None
