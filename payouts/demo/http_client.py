"""HTTP client of the demo: the shop's webhooks and the control calls of the sandbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from payouts.transfers.sandbox.server import SANDBOX_KEY
from tracker.errors import LinkledgerError

TIMEOUT_S = 10


class NoResponse(LinkledgerError):
    """There was no response in time, or the sandbox responded with an error."""

    status = 502


@dataclass(frozen=True)
class JsonReply:
    status: int
    value: Any


def post(url: str, body: bytes, headers: Mapping[str, str]) -> JsonReply:
    """Post once, without redirects. The value is the response's JSON, or None. Raises NoResponse."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path, body, dict(headers))
        response = connection.getresponse()
        raw = response.read()
    except (OSError, HTTPException) as error:
        raise NoResponse(f"{parts.netloc} did not respond ({type(error).__name__}); is it running?") from None
    finally:
        connection.close()
    try:
        return JsonReply(response.status, json.loads(raw))
    except ValueError:
        return JsonReply(response.status, None)


def sandbox_control(base_url: str, name: str, **arguments: Any) -> Any:
    """Call a control of the sandbox: top_up, complete_onboarding and others. Raises NoResponse."""
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}", "Content-Type": "application/json"}
    reply = post(f"{base_url}/_sandbox/{name}", json.dumps(arguments).encode(), headers)
    if reply.status != 200:
        raise NoResponse(f"The sandbox responded to {name} with {reply.status}.")
    return reply.value["result"]
