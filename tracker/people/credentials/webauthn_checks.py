"""What browsers are asked and what they answer (WebAuthn level 3). The library is loaded with this module.

Each check returns None for an answer that is refused: the challenge stays used, and nobody learns why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_client_data_json
from webauthn.helpers.parse_authentication_credential_json import parse_authentication_credential_json
from webauthn.helpers.parse_registration_credential_json import parse_registration_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tracker.people.credentials.rules import RelyingParty

PRODUCT = "Linkledger"
TIMEOUT_MS = 300_000


@dataclass(frozen=True)
class NewKey:
    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Answer:
    """What a browser signed: the challenge, with which passkey, and whose it says it is (None: not said)."""

    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None


def creation_options(
    party: RelyingParty, challenge: bytes, *, user_id: str, email: str, name: str, existing: Sequence[bytes]
) -> dict[str, Any]:
    """For a passkey that is found without an address (discoverable), behind a PIN, finger or face."""
    options = generate_registration_options(
        rp_id=party.host,
        rp_name=PRODUCT,
        user_id=user_id.encode(),
        user_name=email,
        user_display_name=name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in existing],
    )
    return options_to_json_dict(options)


def request_options(party: RelyingParty, challenge: bytes, allowed: Sequence[bytes]) -> dict[str, Any]:
    """allowed: passkeys that may answer; any that the browser has for this host if it is empty."""
    options = generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_of_new_key(credential: str) -> bytes | None:
    """The challenge that was answered with a new passkey; None for what is no such answer."""
    try:
        parsed = parse_registration_credential_json(credential)
        return parse_client_data_json(parsed.response.client_data_json).challenge
    except Exception:  # whatever the library raises for what a browser never sends
        return None


def answer_of(credential: str) -> Answer | None:
    """What was answered with an existing passkey; None for what is no such answer."""
    try:
        parsed = parse_authentication_credential_json(credential)
        challenge = parse_client_data_json(parsed.response.client_data_json).challenge
        return Answer(challenge, parsed.raw_id, parsed.response.user_handle)
    except Exception:  # as above
        return None


def checked_new_key(party: RelyingParty, credential: str, challenge: bytes) -> NewKey | None:
    """The passkey that was made for this challenge, at our address, by a person that it has verified."""
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception:  # as above
        return None
    return NewKey(made.credential_id, made.credential_public_key, made.sign_count)


def checked_count(
    party: RelyingParty, credential: str, challenge: bytes, *, public_key: bytes, sign_count: int
) -> int | None:
    """The new signature count of a passkey that signed this challenge.

    A count that does not grow, apart from one that stays 0, is refused: the passkey may have been copied
    (section 7.2, step 22).
    """
    try:
        used = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception:  # as above
        return None
    return used.new_sign_count
