"""Sends a message as a shop would, for developers who try things out."""

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

from tracker.errors import LinkledgerError
from tracker.sales.integrations.kinds import kind_of

TIMEOUT_S = 30
MAX_RESPONSE_BYTES = 64 * 1024


class NoResponse(LinkledgerError):
    """Nobody listens there, or what came back is no HTTP."""


@dataclass(frozen=True)
class Sender:
    """A shop of some kind that posts to `url`, which the settings let be only http or https.

    `topic` is what it says beside the body that its message is about, if it does.
    """

    kind: str
    url: str
    secret: str
    topic: str = ""


def send_message(sender: Sender, body: bytes, at: datetime, message_id: str | None = None) -> tuple[int, Any]:
    """POST `body`, signed. Returns the status and the answer, as JSON where it is JSON. Raises NoAnswer."""
    own_id, url = message_id or f"msg_{uuid.uuid4().hex}", sender.url
    headers = kind_of(sender.kind).sign(sender.secret, own_id, at, body, sender.topic)
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return response.status, _decode(response.read(MAX_RESPONSE_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _decode(error.read(MAX_RESPONSE_BYTES))
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise NoResponse(
            f"{url} does not answer ({reason}). Is the web process running? linkledger serve"
        ) from None


def _decode(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")
