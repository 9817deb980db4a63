"""Changes in the database itself that a check must find, after a mark and before it."""

AFTER = {
    "an amount": "update ledger_posting set amount_minor = amount_minor + 1 where transaction_id in "
    "(select id from ledger_transaction where kind = 'accrue' and seq > {seq})",
    "a posting is gone": "delete from ledger_posting where transaction_id in "
    "(select id from ledger_transaction where kind = 'reverse_held' and seq > {seq})",
    "another kind": "update ledger_transaction set kind = 'bonus' where kind = 'accrue' and seq > {seq}",
    "the end of the books": "update ledger_chain set seq = seq - 1",
    "an entry": "update commission_entry set amount_after_minor = 1 where kind = 'refund'",
    "a rate": "update commission set rate_bp = 5000 where created_at > '2026-12-11'",
    "a sale": "update sale set total = 2 * total where order_id = 'S3'",
    "a refund": "update refund set amount = 5000",
    "released too early": "update commission set matured_at = created_at where created_at > '2026-12-11'",
    "an amount of a payout": "update payout set amount_minor = amount_minor + 1 "
    "where prepared_at > '2026-12-01'",
    "an item is gone": "delete from payout_item where payout_id in "
    "(select id from payout where prepared_at > '2026-12-01')",
    "an item's amount": "update payout_item set amount_minor = amount_minor + 1 where payout_id in "
    "(select id from payout where prepared_at > '2026-12-01')",
    "an item can be paid again": "update payout_item set live = {false} where payout_id in "
    "(select id from payout where prepared_at > '2026-12-01')",
    "an attempt": "update payout_attempt set state = 'failed' where first_sent_at > '2026-12-01'",
}
"""Formatted with `seq`, the number of the last transaction that the mark contains."""

BEFORE = {
    "a rate": "update commission set rate_bp = 5000 where created_at < '2026-11-01'",
    "an entry": "update commission_entry set amount_after_minor = 1 where created_at < '2026-11-01'",
    "an attempt": "update payout_attempt set state = 'failed' where first_sent_at < '2026-11-20'",
    "an amount": "update ledger_posting set amount_minor = amount_minor + 1 where id = {posting}",
    "a sealed head": "update sealed_document set body = replace(body, '\"earned\"', '\"gained\"')",
    "a sealed part": "update sealed_part set body = replace(body, 'Anna', 'Otto')",
}
