"""What a visitor's query may change about a link: labels that are passed to the shop, and the page. Pure.

Never the host (decision 0019): a link lists the parameters that it passes, and a deep link is a path.
"""

from collections.abc import Mapping
from dataclasses import replace

from tracker.programs.links.destinations import page_on_same_host
from tracker.programs.links.operations import LinkTarget
from tracker.programs.links.query_parameters import query_values, with_parameters
from tracker.programs.rules import SUB_ID_LENGTH, SUB_IDS

DEEP_LINK = "to"
DEEP_LINK_LENGTH = 1024
MAX_QUERY_BYTES = 8192
"""Longer queries are truncated."""


def apply_visitor_query(link: LinkTarget, query: str) -> LinkTarget:
    """The link as this visitor opened it. `query` is raw, one character for each byte.

    A parameter that is already in the address is not changed: the link's own query has priority, then the
    program's parameters, then the visitor's. Sub-ids also replace the link's own in the stored click.
    """
    if not query or not (link.passes or link.deep_links):
        return link
    truncated = query[:MAX_QUERY_BYTES]
    destination = _deep_link_target(link, truncated) if link.deep_links else link.destination
    passed = query_values(truncated, link.passes, SUB_ID_LENGTH) if link.passes else {}
    in_order = {name: passed[name] for name in link.passes if name in passed}
    return replace(
        link,
        destination=with_parameters(destination, in_order),
        sub_ids=_merge_sub_ids(link.sub_ids, passed),
    )


def _deep_link_target(link: LinkTarget, query: str) -> str:
    """The requested page; the link's own page if that is not allowed, so that a shopper sees no error."""
    path = query_values(query, (DEEP_LINK,), DEEP_LINK_LENGTH).get(DEEP_LINK)
    page = page_on_same_host(link.destination, path) if path is not None else None
    return link.destination if page is None else with_parameters(page, link.parameters)


def _merge_sub_ids(own: Mapping[str, str], passed: Mapping[str, str]) -> Mapping[str, str]:
    return {**own, **{name: value for name, value in passed.items() if name in SUB_IDS}}
