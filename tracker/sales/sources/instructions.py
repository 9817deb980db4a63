"""The instructions that are shown for a new source: webhook URL, events and secret, and the page about it."""

from tracker.sales.integrations.kinds import kind_of


def connect_instructions(kind: str, source_id: str, url: str, secret: str | None, is_shops_own: bool) -> str:
    """`secret` is a generated secret, or None; `is_shops_own` means that the shop's own secret was stored."""
    known_kind = kind_of(kind)
    lines = [source_id, f"  the shop must send its messages to  {url}"]
    if known_kind.events:
        lines.append(f"  for the events  {known_kind.events}")
    if secret is not None:
        lines += [f"  {known_kind.signing_hint}  {secret}", "  The secret is not shown again."]
    elif is_shops_own:
        lines.append("  and sign them with the secret that you gave.")
    else:
        lines += [
            "  The shop shows its signing secret after you enter that address. Every message is refused",
            "  until the secret is stored here. Store it with:",
            f"    linkledger source rotate {source_id} --secret-from-stdin",
        ]
    return "\n".join([*lines, *_last_lines(kind, source_id)])


def report_instructions(kind: str, source_id: str, web_url: str) -> str:
    """For a source without a webhook."""
    steps = (f"  {step.format(source=source_id, web=web_url)}" for step in kind_of(kind).steps)
    return "\n".join([source_id, *steps, *_last_lines(kind, source_id)])


def _last_lines(kind: str, source_id: str) -> tuple[str, ...]:
    return (
        f"Every step is in:  {kind_of(kind).page}",
        f"List the received messages:  linkledger source events --source {source_id}",
    )
