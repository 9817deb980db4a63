"""A response that comes later, also one that is known before anybody asks for it."""

from config.edge.application import Later, Response

RESPONSE = Response(b"HTTP/1.1 302 Found\r\n")


def outcomes_of(later: Later) -> list[object]:
    outcomes: list[object] = []
    later.notify(outcomes.append, outcomes.append)
    return outcomes


def test_a_response_reaches_who_waits_for_it() -> None:
    later = Later()
    outcomes = outcomes_of(later)
    later.resolve(RESPONSE)
    assert outcomes == [RESPONSE]


def test_a_response_that_is_known_before_anybody_waits_is_not_lost() -> None:
    """A click may be recorded between the end of the lookup of its link and the callback of that lookup."""
    later = Later()
    later.resolve(RESPONSE)
    assert outcomes_of(later) == [RESPONSE]


def test_an_error_that_is_known_before_anybody_waits_is_not_lost() -> None:
    error = ValueError("early")
    later = Later()
    later.fail(error)
    assert outcomes_of(later) == [error]
