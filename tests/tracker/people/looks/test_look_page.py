"""The page of a brand's look: colour, logo and contact are set, shown, and refused with a clear reason."""

from collections.abc import Callable
from io import BytesIO

import pytest

from config.database import Databases, read_session
from tests.cast.people import Cast
from tests.tracker.people.looks.pictures import png
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.people.looks.operations import find_look

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def send(visitor: Visitor, cast: Cast) -> Callable[..., tuple[int, str]]:
    """Send the form as the manager Fay, with a file if `logo` is given. Returns status and page."""
    visitor.sign_in(FAY)

    def post(logo: bytes = b"", **fields: str) -> tuple[int, str]:
        data = {"colour": "", "contact_email": ""} | fields | {"logo": (BytesIO(logo), "logo.png")}
        path = f"/app/brands/{cast.brand_id}/look"
        response = visitor.client.post(path, data=data, headers=SAME_ORIGIN, follow_redirects=True)
        return response.status_code, response.text

    return post


def test_a_manager_sets_the_colour_and_the_logo(
    send: Callable[..., tuple[int, str]], databases: Databases, cast: Cast
) -> None:
    status, page = send(png(), colour="#7A1F5C", contact_email="Hello@teas.example")
    assert status == 200
    assert "Saved." in page
    assert page.count(f'src="/app/looks/{cast.brand_id}/') == 3  # the head, and two previews
    assert 'value="#7a1f5c"' in page
    with read_session(databases.main) as session:
        look = find_look(session, cast.brand_id)
    assert look is not None
    assert (look.colour, look.logo, look.contact_email) == ("#7a1f5c", png(), "hello@teas.example")


def test_without_a_file_the_logo_stays_until_it_is_removed(
    send: Callable[..., tuple[int, str]], databases: Databases, cast: Cast
) -> None:
    send(png())
    send(colour="#0e5560")
    with read_session(databases.main) as session:
        look = find_look(session, cast.brand_id)
    assert look is not None
    assert look.logo == png()
    _status, page = send(no_logo="1")
    assert f'src="/app/looks/{cast.brand_id}/' not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"logo": b"<svg onload=alert(1)>"}, "This file is no PNG or JPEG picture."),
        ({"logo": png()[:40]}, "This picture is damaged or incomplete."),
        ({"colour": "teal"}, "six hexadecimal digits"),
        ({"contact_email": "hello@"}, "The e-mail address is not valid"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    send: Callable[..., tuple[int, str]], databases: Databases, cast: Cast, fields: dict[str, str], words: str
) -> None:
    status, page = send(**{"colour": "#123456", **fields})
    assert status == 422
    assert words in page
    assert "<title>Error:" in page
    assert f'value="{fields.get("colour", "#123456")}"' in page
    with read_session(databases.main) as session:
        assert find_look(session, cast.brand_id) is None
