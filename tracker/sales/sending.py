"""Sends a message as a shop would, for developers who try things out."""

import json
import urllib.error
import urllib.request
import uuid
from datetime import datetime
from http.client import HTTPException
from typing import Any

from tracker.errors import LinkledgerError
from tracker.sales.sources.standard import signed_headers

TIMEOUT_S = 30
ANSWER_BYTES = 64 * 1024


class NoAnswer(LinkledgerError):
    """Nobody listens there, or what came back is no HTTP."""


def send_message(
    url: str, secret: str, body: bytes, at: datetime, message_id: str | None = None
) -> tuple[int, Any]:
    """POST `body`, signed. Returns the status and the answer, as JSON where it is JSON. Raises NoAnswer.

    `url` comes from the settings, which let only http and https pass.
    """
    headers = signed_headers(secret, message_id or f"msg_{uuid.uuid4().hex}", at, body)
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return response.status, _decoded(response.read(ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _decoded(error.read(ANSWER_BYTES))
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise NoAnswer(
            f"{url} does not answer ({reason}). Is the web process running? linkledger serve"
        ) from None


def _decoded(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")
