"""Requests with all their headers, as people's browsers and machines send them: requests.jsonl.

One request per line: its sender, the expected verdict and, for people, the device class. They are modelled on
what the products send; none was taken from a real visitor.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    name: str
    method: str
    verdict: str
    headers: dict[str, str]
    device: str | None = None


REQUESTS = [
    Request(**json.loads(line))
    for line in (Path(__file__).parent / "requests.jsonl").read_text().splitlines()
]
