"""The instructions that are shown for a new source: webhook URL, events and secret."""

_SIGNING_HINTS = {
    "standard": "and sign them (Standard Webhooks) with the secret",
    "woocommerce": "and sign them with this secret; copy it into the webhook's field Secret:",
}
_EVENTS = {
    "stripe": "checkout.session.completed, checkout.session.async_payment_succeeded, invoice.paid, "
    "invoice_payment.paid, refund.created, refund.updated, refund.failed, charge.refunded, "
    "charge.dispute.created, charge.dispute.closed",
    "shopify": "Order payment, Order cancellation, Refund create; format JSON",
    "woocommerce": "Order created, Order updated, Order deleted; one webhook each, with the same secret",
}


def connect_instructions(kind: str, source_id: str, url: str, secret: str | None, is_shops_own: bool) -> str:
    """`secret` is a generated secret, or None; `is_shops_own` means that the shop's own secret was stored."""
    lines = [source_id, f"  the shop must send its messages to  {url}"]
    if kind in _EVENTS:
        lines.append(f"  for the events  {_EVENTS[kind]}")
    if secret is not None:
        lines += [
            f"  {_SIGNING_HINTS.get(kind, 'and sign them with the secret')}  {secret}",
            "  The secret is not shown again.",
        ]
    elif is_shops_own:
        lines.append("  and sign them with the secret that you gave.")
    else:
        lines += [
            "  The shop shows its signing secret after you enter that address. Every message is refused",
            "  until the secret is stored here. Store it with:",
            f"    linkledger source rotate {source_id} --secret-from-stdin",
        ]
    lines.append(f"List the received messages:  linkledger source events --source {source_id}")
    return "\n".join(lines)


def report_instructions(kind: str, source_id: str, web_url: str) -> str:
    """For a source without a webhook."""
    lines = [source_id]
    if kind == "api":
        lines += [
            f"  programs send reports to  {web_url}/api/v1/sales",
            "  each with a key:  linkledger key create --brand ID --name NAME --scope sales:write",
        ]
    if kind == "csv":
        lines.append(f"  import a file with:  linkledger sale import FILE --source {source_id}")
    lines.append(f"List the received messages:  linkledger source events --source {source_id}")
    return "\n".join(lines)
