"""All commands of `linkledger`: those of the tracker, and those that are listed here in the same way."""

from tracker import command_table as tracker_commands
from tracker.command_table import ListedCommand

GROUPS: dict[str, str] = tracker_commands.GROUPS | {
    "audit": "The audit: who did what, when, and what it changed.",
    "commission": (
        "Commissions: hold, release or decline one, with a reason that the creator sees, or undo that."
    ),
    "credit": "Who is credited, when newer evidence came after a commission was released.",
    "ledger": "The ledger: balances and manual bookings.",
    "payee": "Payees: creators' accounts at the payment provider.",
    "payout": "Payouts of the amounts that sealed statements authorise.",
    "payout returned": "Money that came back: it waits for a decision, or is paid again after 14 days.",
    "sandbox": "The sandbox, which replaces the payment provider when LINKLEDGER_RAIL=sandbox.",
    "statement": "Statements: close a period; review, approve and export its statement.",
}
"""The help line of every group."""

COMMANDS: dict[str, ListedCommand] = tracker_commands.COMMANDS | {
    "audit list": ListedCommand(
        "payouts.selfcheck.audit_commands:list_command",
        "Show who did what, newest first, and what it was before.",
    ),
    "audit verify": ListedCommand(
        "payouts.selfcheck.audit_commands:verify_command",
        "Check every entry, from the first one on.",
    ),
    "backup": ListedCommand(
        "payouts.backup.commands:backup_command", "Save the whole installation into FILE while it is running."
    ),
    "brand edit": ListedCommand(
        "payouts.ledger.brand_commands:edit_brand", "Change a brand's calendar, review or minimum payouts."
    ),
    "check": ListedCommand(
        "payouts.selfcheck.commands:check_command",
        "Check that the books balance and agree with statements and payouts.",
    ),
    "commission decisions": ListedCommand(
        "payouts.statements.decisions.commands:list_decisions",
        "Show what people decided about a commission, oldest first, and what of it was undone.",
    ),
    "commission decline": ListedCommand(
        "payouts.statements.decisions.commands:decline", "Set a commission to zero."
    ),
    "commission extend": ListedCommand(
        "payouts.statements.decisions.commands:extend",
        "Extend the review hold of a commission, once, by at most 30 days.",
    ),
    "commission held": ListedCommand(
        "payouts.statements.decisions.commands:held",
        "Show held commissions with the evidence, the longest held first, to decide about them.",
    ),
    "commission hold": ListedCommand(
        "payouts.statements.decisions.commands:hold",
        "Hold a commission: it is not paid until it is released, or the hold ends.",
    ),
    "commission release": ListedCommand(
        "payouts.statements.decisions.commands:release", "Lift the review holds of a commission."
    ),
    "commission undo": ListedCommand(
        "payouts.statements.decisions.commands:undo_command",
        "Undo a decision, until a statement in which it counts is approved.",
    ),
    "creator remove": ListedCommand(
        "payouts.statements.creator_commands:remove_command", "Remove a creator: links and codes end."
    ),
    "credit confirm": ListedCommand(
        "payouts.statements.decisions.credit_commands:confirm",
        "Move the credit: the creator loses the commission, the one whom the evidence names gets a new one.",
    ),
    "credit keep": ListedCommand(
        "payouts.statements.decisions.credit_commands:keep",
        "Leave a released commission as it is, although newer evidence credits somebody else.",
    ),
    "credit show": ListedCommand(
        "payouts.statements.decisions.credit_commands:show",
        "Show released commissions that newer evidence credits to somebody else, with both sides of a move.",
    ),
    "demo": ListedCommand(
        "payouts.demo.commands:demo_command",
        "Try Linkledger with an invented brand, its shop, its creators, and two months of history.",
    ),
    "doctor": ListedCommand(
        "payouts.monitoring.doctor_command:doctor_command",
        "Examine the installation and its e-mail, step by step.",
    ),
    "explain": ListedCommand(
        "payouts.explain.commands:explain_command",
        "Show the history of an order: event, click, attribution, commission, statement, transfer.",
    ),
    "jobs": ListedCommand(
        "payouts.processes.jobs_command:jobs_command",
        "Show each job: its last run, how late and how long it was, what waits for it, its last error.",
    ),
    "ledger accounts": ListedCommand(
        "payouts.ledger.commands:accounts",
        "Show a brand's own accounts: all that was debited and credited to each, and the difference.",
    ),
    "ledger balances": ListedCommand(
        "payouts.ledger.commands:balances", "Show what a brand owes its creators: held, payable, in transit."
    ),
    "ledger book": ListedCommand(
        "payouts.ledger.commands:book", "Book a bonus, a deposit or another manual entry."
    ),
    "ledger kinds": ListedCommand(
        "payouts.ledger.commands:kinds",
        "Show all kinds of postings: what each is for, its accounts, and its section of the statement.",
    ),
    "migrate": ListedCommand(
        "payouts.migrate_command:migrate_command", "Migrate the databases to the schema of this version."
    ),
    "payee connect": ListedCommand(
        "payouts.transfers.rail_commands:connect",
        "Create a creator's account at the payment provider, and a page where the creator completes it.",
    ),
    "payee status": ListedCommand(
        "payouts.transfers.rail_commands:status", "Ask the payment provider whether a creator can be paid."
    ),
    "payout adopt": ListedCommand(
        "payouts.transfers.commands:adopt_command",
        "Book a transfer that only the payment provider knows as paid to its creator.",
    ),
    "payout cancel": ListedCommand(
        "payouts.transfers.commands:cancel",
        "Do not send a prepared or failed payout; its amount is payable again.",
    ),
    "payout list": ListedCommand(
        "payouts.transfers.commands:list_payouts", "Show a brand's payouts with their attempts, newest first."
    ),
    "payout preview": ListedCommand(
        "payouts.transfers.commands:preview",
        "Show what a run would pay now, and why some creators would get nothing.",
    ),
    "payout reconcile": ListedCommand(
        "payouts.transfers.commands:reconcile_command",
        "Compare the payment provider's movements with the payouts, and book reversed transfers.",
    ),
    "payout retry": ListedCommand(
        "payouts.transfers.commands:retry",
        "Retry a failed payout with the entries that are open now; look up an unknown one.",
    ),
    "payout returned list": ListedCommand(
        "payouts.transfers.returned.commands:list_returned",
        "Show what came back of payouts and adopted transfers, with what was decided, newest first.",
    ),
    "payout returned send-again": ListedCommand(
        "payouts.transfers.returned.commands:send_again_command",
        "Pay it again, with the statement of the period in which it came back.",
    ),
    "payout returned taken-back": ListedCommand(
        "payouts.transfers.returned.commands:taken_back_command",
        "The creator is not owed it: decline commissions that the payout had paid, or deduct the amount.",
    ),
    "payout run": ListedCommand(
        "payouts.transfers.commands:run",
        "Pay what the brand's sealed statements authorise, and seal what is approved before that.",
    ),
    "payout show": ListedCommand(
        "payouts.transfers.commands:show", "Show one payout with its items and attempts."
    ),
    "restore": ListedCommand(
        "payouts.backup.commands:restore_command",
        "Restore a backup into an empty database that no process uses.",
    ),
    "sandbox fund": ListedCommand(
        "payouts.transfers.rail_commands:fund",
        "Add play money to the sandbox's balance, from which payouts are sent.",
    ),
    "sandbox onboard": ListedCommand(
        "payouts.transfers.rail_commands:onboard",
        "Complete an account, as the creator would do on the provider's page.",
    ),
    "scheduler": ListedCommand(
        "payouts.processes.commands:scheduler_command",
        "Run only the scheduler: the same as serve --only scheduler.",
    ),
    "serve": ListedCommand(
        "payouts.processes.commands:serve_command",
        "Serve redirects, pages and webhooks, and run the scheduler, until Ctrl-C.",
    ),
    "statement approve": ListedCommand(
        "payouts.statements.commands:approve_command",
        "Approve and seal a draft: it never changes again, and its payouts are authorised.",
    ),
    "statement bonus": ListedCommand(
        "payouts.statements.commands:bonus", "Add a bonus to a draft: it is paid with this statement."
    ),
    "statement close": ListedCommand(
        "payouts.statements.commands:close",
        "Close a period that has ended, and every earlier one, and draft the statements.",
    ),
    "statement decisions": ListedCommand(
        "payouts.statements.commands:decisions",
        "Show what people decided on the draft of a statement, oldest first, and what of it was undone.",
    ),
    "statement deduction": ListedCommand(
        "payouts.statements.commands:deduction",
        "Take a deduction from a draft, at most what is payable to the creator in it.",
    ),
    "statement export": ListedCommand(
        "payouts.statements.file_commands:export", "Write a statement to stdout, as JSON or CSV."
    ),
    "statement list": ListedCommand(
        "payouts.statements.commands:list_statements", "Show a brand's statements, newest first."
    ),
    "statement show": ListedCommand(
        "payouts.statements.commands:show",
        "Show a statement: the sealed document, or the draft from the current books.",
    ),
    "statement verify": ListedCommand(
        "payouts.statements.file_commands:verify",
        "Verify the hashes and the equation of a sealed statement: of an exported FILE, or a stored one.",
    ),
    "work": ListedCommand(
        "payouts.processes.work_command:work_command", "Run every job once and report what each did."
    ),
}
