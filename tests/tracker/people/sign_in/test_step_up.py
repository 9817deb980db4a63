"""A person who is signed in proves again who they are."""

from collections.abc import Callable

from tests.tracker.people.sign_in.visitors import FAY, Visitor


def test_step_up_sends_a_code_changes_the_token_and_leads_back(visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    before = visitor.token
    assert "Confirm that it is you" in visitor.get("/app/step-up?next=/app/me/").text
    asked = visitor.post("/app/step-up", next="/app/me/")
    assert "next=/app/me/" in asked.location
    assert "confirms that it is you" in visitor.mail().subject
    assert "Type" not in visitor.get(asked.location).text.split("<h1>")[0]
    assert visitor.post(asked.location, code="1", next="/app/me/").status_code == 422
    done = visitor.post(asked.location, code=visitor.mail().code, next="/app/me/")
    assert done.location == "/app/me/"
    assert visitor.token not in (None, before)
    assert visitor.is_signed_in


def test_the_code_of_a_step_up_is_no_sign_in(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    asked = visitor.post("/app/step-up")
    code = visitor.mail().code
    request_id = asked.location.partition("request=")[2].partition("&")[0]
    visitor.post("/app/sign-out")
    assert visitor.post(f"/app/sign-in/code?request={request_id}", code=code).status_code == 410


def test_a_stranger_who_uses_up_the_limits_of_an_address_does_not_prevent_a_step_up(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    visitor.sign_in(FAY)
    stranger = arrive()
    for _ in range(9):
        page = stranger.ask(FAY)
        for _ in range(3):
            stranger.post(page, code="x")
    assert stranger.post(page, code="x").status_code == 429
    assert stranger.post("/app/sign-in", email=FAY).status_code == 429
    asked = visitor.post("/app/step-up")
    assert asked.status_code == 303
    assert visitor.post(asked.location, code=visitor.mail().code).status_code == 303


def test_codes_of_a_step_up_are_limited_too(visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    for _ in range(5):
        page = visitor.post("/app/step-up").location
        for _ in range(4):
            assert visitor.post(page, code="x").status_code == 422
    assert visitor.post(page, code=visitor.mail().code).status_code == 429
    for _ in range(5):
        assert visitor.post("/app/step-up").status_code == 303
    assert visitor.post("/app/step-up").status_code == 429
