"""What is true of the words of every reason of an event."""

import json
from enum import StrEnum
from typing import Any

from tracker.reasons import Reason
from tracker.sales.event_texts import TEXTS, stored_reason


def assert_words(code: StrEnum, parameters: dict[str, Any], words: str) -> None:
    """The words are rendered from what a row stores: the code and the parameters after a way through JSON."""
    stored = json.loads(json.dumps(parameters))
    assert TEXTS.words(Reason(code, stored)) == words
    assert TEXTS.shown("words of its time", code.value, stored) == words
    assert stored_reason(words, code.value, stored) == {
        "reason": words,
        "reason_code": code.value,
        "reason_parameters": stored,
    }
