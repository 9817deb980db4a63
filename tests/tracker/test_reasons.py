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


def test_every_code_needs_a_text() -> None:
    with pytest.raises(ValueError, match="Weather has codes without a text: wind"):
        ReasonTexts(Weather, {Weather.RAIN: "rain"})
