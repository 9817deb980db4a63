"""Plain HTTP, for requests that the SDK would never send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from payouts.transfers.sandbox.server import SANDBOX_KEY

RETURN_URL = "http://127.0.0.1:8000/app/payouts"
REFRESH_URL = "http://127.0.0.1:8000/app/payouts/connect"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def http(
    base: str,
    method: str,
    path: str,
    *,
    form: Mapping[str, Any] | None = None,
    body: Any = None,
    key: str | None = None,
    api_key: str | None = SANDBOX_KEY,
    **headers: str,
) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if api_key is not None:
        sent["Authorization"] = f"Bearer {api_key}"
    if key is not None:
        sent["Idempotency-Key"] = key
    payload = None
    if form is not None:
        payload = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    elif body is not None:
        payload = json.dumps(body)
        sent["Content-Type"] = "application/json"
    connection = HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        connection.request(method, path, body=payload, headers=sent)
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()
