"""A small DNS server on 127.0.0.1 that answers from a table, or keeps silent."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from dns.resolver import Resolver

Zone = Mapping[tuple[str, str], Sequence[str]]
"""(name, type) -> values as in a zone file."""


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message:
    asked = query.question[0]
    name, kind = asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    if values := zone.get((name, kind)):
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *values))
    elif not any(known == name or known.endswith(f".{name}") for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


@contextmanager
def running_dns_server(zone: Zone | None) -> Iterator[Resolver]:
    """A resolver that asks this server alone; it never answers without a zone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    packet, client = listening.recvfrom(4096)
                except OSError:
                    return
                if not packet:
                    return
                if zone is not None:
                    listening.sendto(_answer(dns.message.from_wire(packet), zone).to_wire(), client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], listening.getsockname()[1]
        resolver.timeout = resolver.lifetime = 1.0
        yield resolver
        listening.sendto(b"", listening.getsockname())
        thread.join(10)
