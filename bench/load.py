"""A load generator in its own process: `python -m bench.load`.

Sends as fast as the server responds, or at a fixed rate. With a rate, response time is measured from when the
request was due, so that a stalling server cannot hide this by slowing the client. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

HEAD_END = b"\r\n\r\n"
SEPARATOR = b"\0"


class Connection(asyncio.Protocol):
    """One request at a time; Load decides when the next one is sent."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._response = b""
        self._due_s = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._load.send_or_wait(self)

    def send(self, request: bytes, due_s: float) -> None:
        self._due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._response += data
        head, found, body = self._response.partition(HEAD_END)
        if not found or len(body) < _length(head):
            return
        self._response = b""
        self._load.record_response(head[9:12].decode(), time.perf_counter() - self._due_s)
        self._load.send_or_wait(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._load.lost(self)


class Load:
    def __init__(
        self, requests: Sequence[bytes], seconds: float, rate: float | None, once: bool = False
    ) -> None:
        self._requests, self._rate, self._once = requests, rate, once
        self._start_s = time.perf_counter()
        self._end_s = self._start_s + seconds
        self._sent = 0
        self._idle: deque[Connection] = deque()
        """Longest idle first, because a server closes connections that are idle for seconds."""
        self.seconds: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.broken = 0
        self.took_s = 0.0
        """From the start to the last response."""

    def send_or_wait(self, connection: Connection) -> None:
        now = time.perf_counter()
        if now >= self._end_s or self._all_sent():
            return
        if self._rate is None:
            self._send(connection, now)
        else:
            self._idle.append(connection)

    def record_response(self, status: str, took_s: float) -> None:
        self.statuses[status] += 1
        self.seconds.append(took_s)
        self.took_s = time.perf_counter() - self._start_s

    def lost(self, connection: Connection) -> None:
        self.broken += time.perf_counter() < self._end_s
        with suppress(ValueError):
            self._idle.remove(connection)

    async def run(self) -> None:
        if self._rate is not None:
            await self._pace(self._rate)
        while time.perf_counter() < self._end_s and not self._all_done():
            await asyncio.sleep(0.05)

    def _all_done(self) -> bool:
        return self._all_sent() and len(self.seconds) >= len(self._requests)

    def _all_sent(self) -> bool:
        return self._once and self._sent >= len(self._requests)

    async def _pace(self, rate: float) -> None:
        while (now := time.perf_counter()) < self._end_s and not self._all_sent():
            due_s = self._start_s + self._sent / rate
            if due_s > now or not self._idle:
                await asyncio.sleep(max(due_s - now, 0.0002))
                continue
            self._send(self._idle.popleft(), due_s)

    def _send(self, connection: Connection, due_s: float) -> None:
        connection.send(self._requests[self._sent % len(self._requests)], due_s)
        self._sent += 1


def _length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def measure(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    seconds: float,
    rate: float | None,
    once: bool = False,
    *,
    listed: bool = False,
) -> dict[str, object]:
    """`listed`: also every response time."""
    load = Load(requests, seconds, rate, once)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    await load.run()
    times = sorted(load.seconds)
    return {
        "per_second": round(len(times) / (load.took_s if once else seconds), 1),
        "p50_ms": round(percentile(times, 0.5) * 1000, 3),
        "p99_ms": round(percentile(times, 0.99) * 1000, 3),
        "longest_ms": round(times[-1] * 1000, 3) if times else 0.0,
        "answers": dict(load.statuses),
        "broken_connections": load.broken,
        **({"times_ms": [round(each * 1000, 3) for each in times]} if listed else {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", type=Path, help="requests, separated by a zero byte")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--core", type=int)
    parser.add_argument("--once", action="store_true", help="stop after each request was sent once")
    parser.add_argument("--times", action="store_true", help="also print every response time")
    options = parser.parse_args()
    if options.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    requests = options.requests.read_bytes().split(SEPARATOR)
    given = (options.port, requests, options.connections, options.seconds, options.rate, options.once)
    result = uvloop.run(measure(*given, listed=options.times))
    print(json.dumps(result))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
