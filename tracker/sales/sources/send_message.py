"""Sends a signed test message, as a shop would."""

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
    """No server accepts connections there, or its response is not HTTP."""


@dataclass(frozen=True)
class Sender:
    """A simulated shop that posts to `url`; the settings allow only http and https.

    `topic` is sent in a header by the kinds that have one.
    """

    kind: str
    url: str
    secret: str
    topic: str = ""


def send_message(sender: Sender, body: bytes, at: datetime, message_id: str | None = None) -> tuple[int, Any]:
    """POST `body`, signed. Returns the status and the response body, parsed if JSON. Raises NoResponse."""
    external_id, url = message_id or f"msg_{uuid.uuid4().hex}", sender.url
    headers = kind_of(sender.kind).sign(sender.secret, external_id, at, body, sender.topic)
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
            f"No response from {url} ({reason}). Is the web process running? Start it with: linkledger serve"
        ) from None


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
