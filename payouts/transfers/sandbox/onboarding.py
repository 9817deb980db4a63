"""The hosted page on which a creator sets up the account. In the sandbox one button replaces all steps."""

import html
import secrets
import sqlite3
from dataclasses import dataclass

from payouts.transfers.sandbox.objects.accounts import set_transfers_status
from payouts.transfers.sandbox.store import Store

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sandbox: set up your payouts</title>
<style>
:root {{ color-scheme: light dark; --accent: #1d4ed8; }}
body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif; }}
main {{ max-width: 30rem; margin: 12vh auto; padding: 0 1.25rem; }}
.note {{ border-inline-start: .25rem solid #d97706; padding: .25rem .75rem; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .75rem; overflow-wrap: anywhere; }}
button {{ font: inherit; padding: .75rem 1.25rem; border-radius: .5rem; border: 1px solid var(--accent);
  min-height: 2.75rem; cursor: pointer; }}
.main {{ background: var(--accent); color: #fff; }}
.other {{ background: none; color: inherit; }}
form {{ display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }}
</style>
<main>
<h1>Set up your payouts</h1>
<p class="note">This is a sandbox. No bank, no identity check and no money is involved.
With the real payment provider, this page would ask for your name, your date of birth
and your bank account.</p>
<dl>
<dt>Account</dt><dd>{account}</dd>
<dt>Afterwards you return to</dt><dd>{back}</dd>
</dl>
<form method="post">
<input type="hidden" name="form" value="{form}">
<button class="main" name="choice" value="complete">Complete the set-up</button>
<button class="other" name="choice" value="later">Do it later</button>
</form>
</main>
</html>
"""


@dataclass(frozen=True)
class PageResult:
    """The response to the visitor: a page, or the address of a redirect."""

    page: str | None = None
    location: str | None = None
    found: bool = True


def open_page(store: Store, token: str) -> PageResult:
    """The first visit of a link. As at Stripe, a used or expired link redirects to its refresh_url."""
    with store.write() as connection:
        link = _link(connection, token)
        if link is None:
            return PageResult(found=False)
        form_token = secrets.token_urlsafe(24)
        opened = connection.execute(
            "update account_link set form_token = ? where token = ? and form_token is null and expires > ?",
            (form_token, token, store.now(connection)),
        )
        if opened.rowcount != 1:
            return PageResult(location=link["refresh_url"])
    page = _PAGE.format(
        account=html.escape(link["account_id"]),
        back=html.escape(link["return_url"]),
        form=form_token,
    )
    return PageResult(page=page)


def submit_page(store: Store, token: str, form_token: str, choice: str) -> PageResult:
    """Handle the form. "later" redirects without completing: a return does not prove that all is done."""
    with store.write() as connection:
        link = _link(connection, token)
        if link is None:
            return PageResult(found=False)
        used = connection.execute(
            "update account_link set used = 1 where token = ? and form_token = ? and used = 0",
            (token, form_token),
        )
        if used.rowcount != 1:
            return PageResult(location=link["refresh_url"])
        if choice == "complete":
            set_transfers_status(connection, link["account_id"], "active")
    return PageResult(location=link["return_url"])


def _link(connection: sqlite3.Connection, token: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "select * from account_link where token = ?", (token,)
    ).fetchone()
    return row
