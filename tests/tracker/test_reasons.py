from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from tracker.reasons import Reason, ReasonTexts


class Weather(StrEnum):
    RAIN = "rain"
    WIND = "wind"


def _wind(parameters: Mapping[str, Any]) -> str:
    return "a storm" if parameters["speed_kmh"] > 75 else "wind"


TEXTS = ReasonTexts(Weather, {Weather.RAIN: "it rained for {hours} hours", Weather.WIND: _wind})


def test_a_reason_is_rendered_from_its_code_and_parameters() -> None:
    assert TEXTS.words(Reason(Weather.RAIN, {"hours": 3})) == "it rained for 3 hours"
    assert TEXTS.words(Reason(Weather.WIND, {"speed_kmh": 90})) == "a storm"


def test_a_row_with_a_code_shows_its_rendered_words() -> None:
    assert TEXTS.shown("it poured", "rain", {"hours": 3}) == "it rained for 3 hours"


def test_a_row_that_is_older_than_the_codes_shows_its_stored_words() -> None:
    assert TEXTS.shown("it poured", None, None) == "it poured"


def test_a_row_of_a_newer_version_shows_its_stored_words() -> None:
    assert TEXTS.shown("it snowed", "snow", {}) == "it snowed"


def test_a_code_is_current_while_it_gives_the_stored_words() -> None:
    given: dict[str, Any] = {"hours": 3}
    assert TEXTS.current("it rained for 3 hours", "rain", given) == ("rain", given)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("the sun shines", "rain"),
        ("it rained for 4 hours", "rain"),
        (None, "rain"),
        ("it rained for 3 hours", None),
    ],
)
def test_a_code_beside_other_words_is_that_of_an_earlier_state(words: str | None, code: str | None) -> None:
    """A process that is older than the codes updates only the words."""
    assert TEXTS.current(words, code, {"hours": 3}) == (None, None)


def test_a_code_of_a_newer_version_stays_beside_its_words() -> None:
    assert TEXTS.current("it snowed", "snow", {"depth_cm": 3}) == ("snow", {"depth_cm": 3})


def test_every_code_needs_a_text() -> None:
    with pytest.raises(ValueError, match="Weather has codes without a text: wind"):
        ReasonTexts(Weather, {Weather.RAIN: "rain"})


class Sky(StrEnum):
    SNOW = "snow"


class Frost(StrEnum):
    SNOW = "snow"
    ICE = "ice"


SKY = ReasonTexts(Sky, {Sky.SNOW: "it snowed"})


def test_codes_that_are_declared_elsewhere_are_rendered_too() -> None:
    frost = ReasonTexts(Frost, {Frost.SNOW: "it snowed", Frost.ICE: "{depth_cm} cm of ice"})
    joined = ReasonTexts(Weather, {Weather.RAIN: "rain", Weather.WIND: _wind}, SKY, frost)
    assert joined.words(Reason(Weather.RAIN)) == "rain"
    assert joined.words(Reason(Frost.ICE, {"depth_cm": 3})) == "3 cm of ice"
    assert joined.shown("of its time", "snow", {}) == "it snowed"


@pytest.mark.parametrize("text", ["snow fell", _wind])
def test_a_code_with_two_texts_is_refused(text: Any) -> None:
    other = ReasonTexts(Frost, {Frost.SNOW: text, Frost.ICE: "ice"})
    with pytest.raises(ValueError, match="these codes have two texts: snow"):
        ReasonTexts(Weather, {Weather.RAIN: "rain", Weather.WIND: _wind}, SKY, other)


def test_a_new_row_stores_words_code_and_parameters() -> None:
    stored = TEXTS.columns(Reason(Weather.RAIN, {"hours": 3}))
    assert stored == {
        "reason": "it rained for 3 hours",
        "reason_code": "rain",
        "reason_parameters": {"hours": 3},
    }
    assert TEXTS.shown(*stored.values()) == "it rained for 3 hours"


class Told(StrEnum):
    WORDS = "words"


@pytest.mark.parametrize("code", [None, "snow"])
def test_words_without_a_known_code_are_stored_again_as_words(code: str | None) -> None:
    assert TEXTS.reason_of("it snowed", code, None, Told.WORDS) == Reason(Told.WORDS, {"words": "it snowed"})


def test_a_known_code_is_stored_again_as_it_is() -> None:
    assert TEXTS.reason_of("it poured", "rain", {"hours": 3}, Told.WORDS) == Reason(
        Weather.RAIN, {"hours": 3}
    )
