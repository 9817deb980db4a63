"""Signatures with a shared key over the body, in both encodings."""

import pytest

from tracker.sales.integrations.shared_key import Encoding, body_signature, check_body_signature
from tracker.sales.reports.messages import NotAuthentic

BODY, SECRET = b'{"id":727}', "a secret of the shop"
# printf '{"id":727}' | openssl dgst -sha256 -hmac 'a secret of the shop' [-binary | base64]
SIGNATURES: dict[Encoding, str] = {
    "base64": "1sYC0l0C2RF03jxtXsqXr8XZPpSu0hMkn6B7Cz5LQws=",
    "hex": "d6c602d25d02d91174de3c6d5eca97afc5d93e94aed213249fa07b0b3e4b430b",
}
both_encodings = pytest.mark.parametrize("encoding", SIGNATURES)


@both_encodings
def test_a_signature_computed_by_openssl_is_accepted(encoding: Encoding) -> None:
    check_body_signature("X-Sign", SIGNATURES[encoding], BODY, ["other", SECRET], encoding)
    assert body_signature(SECRET, BODY, encoding) == SIGNATURES[encoding]


@both_encodings
@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("", "missing"),
        ("äöü", "malformed"),
        ("00 ff", "malformed"),
        ("AAA", "malformed"),
        ("00ff", "signature"),
    ],
)
def test_another_signature_is_refused(encoding: Encoding, given: str, cause: str) -> None:
    with pytest.raises(NotAuthentic) as refused:
        check_body_signature("X-Sign", given, BODY, [SECRET], encoding)
    assert refused.value.cause == cause
    assert SECRET not in str(refused.value)


@both_encodings
def test_the_signature_of_another_body_is_refused(encoding: Encoding) -> None:
    with pytest.raises(NotAuthentic, match="X-Sign does not match"):
        check_body_signature("X-Sign", SIGNATURES[encoding], BODY + b" ", [SECRET], encoding)
