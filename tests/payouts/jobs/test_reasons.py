"""Why a job failed, as a code with parameters."""

import pytest

from payouts.jobs.reasons import failed_result
from payouts.settlement.reasons import FreezeReason, PayoutReason
from payouts.settlement.returns import ImpossibleReturn
from payouts.transfers.stripe.shapes import RailError
from tracker.errors import Fault, LinkledgerError
from tracker.reasons import Reason

EUR = {"minor": 500, "currency": "EUR"}
IMPOSSIBLE = {"movement": "trr_1", "transfer": "tr_1", "amount": EUR}


@pytest.mark.parametrize(
    ("error", "code", "parameters"),
    [
        (RailError(Reason(PayoutReason.PROVIDER_UNREACHABLE)), "provider_unreachable", {}),
        (
            ImpossibleReturn(Reason(FreezeReason.ADOPTED_RETURN_IMPOSSIBLE, IMPOSSIBLE)),
            "adopted_return_impossible",
            IMPOSSIBLE,
        ),
    ],
)
def test_the_code_of_a_domain_error_that_ended_a_job_is_stored_with_its_words(
    error: LinkledgerError, code: str, parameters: dict[str, object]
) -> None:
    result = failed_result(error)
    [stored] = result["error_reasons"]
    assert stored["reason_code"] == "refused"
    cause = {"reason": str(error), "reason_code": code, "reason_parameters": parameters}
    expected = {"error": type(error).__name__, "words": str(error), "cause": cause}
    assert (result["error"], stored["reason_parameters"]) == (str(error), expected)


def test_a_domain_error_without_a_code_stores_its_words_alone() -> None:
    [stored] = failed_result(Fault("a fault"))["error_reasons"]
    assert stored["reason_parameters"] == {"error": "Fault", "words": "a fault"}
