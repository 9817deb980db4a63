"""The commands of this package: where each is, and the line that help shows for it.

So help imports no command, and a command is imported alone. tests/test_command_table.py compares the lines
with the commands.
"""

from typing import NamedTuple


class ListedCommand(NamedTuple):
    """`place` is "module:attribute"; `help` is the first sentence of the command's own help."""

    place: str
    help: str


GROUPS: dict[str, str] = {
    "brand": "Brands: sellers that pay creators.",
    "click": "Clicks: follow a link, count recorded clicks.",
    "creator": "Creators: people who share links and are paid.",
    "domain": "Domains: a brand's own host names for its short links.",
    "key": "Keys: API keys for a brand's software.",
    "link": "Links: short addresses that creators share.",
    "mail": "E-mail: what waits in the outbox, what was sent, and what became of it.",
    "member": "Members: users and their roles at brands.",
    "program": "Programs: offers of a brand to creators.",
    "sale": "Sales that shops have reported.",
    "source": "Connected shops and other sources, and the messages that they sent.",
    "suspicion": "Suspicion: which sales are held for a person to decide.",
    "user": "Users: people who sign in.",
}
"""The help line of each group."""

COMMANDS: dict[str, ListedCommand] = {
    "brand allow-host": ListedCommand(
        "tracker.programs.brand_commands:allow_host",
        "Allow links of the brand to lead to HOST, such as shop.example.",
    ),
    "brand change-policy": ListedCommand(
        "tracker.programs.brand_commands:change_policy_command", "Add a version of the policy."
    ),
    "brand create": ListedCommand("tracker.programs.brand_commands:create_brand", "Create a brand."),
    "brand fallback": ListedCommand(
        "tracker.programs.links.domain_commands:set_fallback",
        "Send visitors of inactive links to URL, on a host of the brand.",
    ),
    "brand list": ListedCommand("tracker.programs.brand_commands:list_brands", "Show all brands."),
    "brand look": ListedCommand(
        "tracker.people.looks.commands:brand_look", "Set the colour, logo and contact address of a brand."
    ),
    "brand policy": ListedCommand(
        "tracker.programs.brand_commands:show_policy",
        "Show every version of a brand's attribution policy, the oldest first.",
    ),
    "brand show": ListedCommand("tracker.programs.brand_commands:show_brand", "Show one brand."),
    "click count": ListedCommand(
        "tracker.clicks.commands:count",
        "Count the stored clicks of a link by verdict; `click totals` also includes deleted clicks.",
    ),
    "click follow": ListedCommand(
        "tracker.clicks.commands:follow",
        "Follow a link over HTTP as a phone would, and show the destination and the click token.",
    ),
    "click totals": ListedCommand(
        "tracker.clicks.commands:totals",
        "Show the hourly totals of a link; the scheduler or `linkledger work` computes them.",
    ),
    "creator create": ListedCommand("tracker.people.accounts.commands:create_creator", "Create a creator."),
    "creator list": ListedCommand("tracker.people.accounts.commands:list_creators", "Show all creators."),
    "creator readmit": ListedCommand(
        "tracker.programs.brand_commands:readmit_command",
        "Let a creator who left or was removed take part again: their links work again, except ended ones.",
    ),
    "domain add": ListedCommand(
        "tracker.programs.links.domain_commands:add_domain",
        "Serve the links of the brand, and no others, at HOST.",
    ),
    "domain list": ListedCommand("tracker.programs.links.domain_commands:list_domains", "Show domains."),
    "domain remove": ListedCommand(
        "tracker.programs.links.domain_commands:remove_domain",
        "Remove HOST from the brand; it is then treated like any other host name of this installation.",
    ),
    "enroll": ListedCommand("tracker.programs.commands:enroll_command", "Enroll a creator in a program."),
    "key create": ListedCommand("tracker.people.keys.commands:create_key", "Create a key."),
    "key list": ListedCommand(
        "tracker.people.keys.commands:list_keys",
        "Show the keys of a brand, including revoked ones, and when they were last used.",
    ),
    "key revoke": ListedCommand(
        "tracker.people.keys.commands:revoke_key", "Revoke a key, effective immediately."
    ),
    "link create": ListedCommand(
        "tracker.programs.links.commands:create_link",
        "Create a link for a creator who takes part in a program.",
    ),
    "link end": ListedCommand("tracker.programs.links.commands:end_link", "End a link permanently."),
    "link expire": ListedCommand(
        "tracker.programs.links.commands:expire_link", "Set the time from which a link is inactive."
    ),
    "link list": ListedCommand("tracker.programs.links.commands:list_links", "Show links."),
    "link pause": ListedCommand(
        "tracker.programs.links.commands:pause_link", "Deactivate a link until it is resumed."
    ),
    "link resume": ListedCommand("tracker.programs.links.commands:resume_link", "Reactivate a paused link."),
    "member list": ListedCommand(
        "tracker.people.accounts.commands:list_members", "Show the members of a brand and their roles."
    ),
    "member remove": ListedCommand(
        "tracker.people.accounts.commands:remove_member",
        "Take a user's role at a brand away, from the next request on; never that of the last owner.",
    ),
    "member set-role": ListedCommand(
        "tracker.people.accounts.commands:set_role",
        "Change the role of a member, from the next request on; never that of the last owner.",
    ),
    "user invite": ListedCommand(
        "tracker.people.invitations.commands:invite_user",
        "Invite a person by e-mail and print the link of the invitation.",
    ),
    "user list": ListedCommand(
        "tracker.people.accounts.commands:list_users", "Show all users, with operators marked."
    ),
    "mail list": ListedCommand(
        "tracker.mail.commands:list_mail", "Show messages, newest first, with what became of each."
    ),
    "mail resend": ListedCommand(
        "tracker.mail.commands:resend_mail",
        "Send a message again, such as one that was refused or expired.",
    ),
    "mail show": ListedCommand(
        "tracker.mail.commands:show_mail",
        "Show one message with its text, also a secret one while it is there.",
    ),
    "member add": ListedCommand(
        "tracker.people.accounts.commands:add_member", "Give a user a role at a brand."
    ),
    "program change-terms": ListedCommand(
        "tracker.programs.commands:change_terms", "Add a version of the terms."
    ),
    "program create": ListedCommand(
        "tracker.programs.commands:create_program",
        "Create a program of a brand, with version 1 of its terms.",
    ),
    "program list": ListedCommand(
        "tracker.programs.commands:list_programs", "Show programs with the terms in force."
    ),
    "program parameters": ListedCommand(
        "tracker.programs.commands:set_parameters",
        "Set the parameters added to every destination, such as utm_source=friends.",
    ),
    "program terms": ListedCommand(
        "tracker.programs.commands:show_terms", "Show every version of a program's terms, the oldest first."
    ),
    "replay": ListedCommand(
        "tracker.sales.attribution.commands:replay_command",
        "Repeat every attribution from its stored inputs.",
    ),
    "sale import": ListedCommand(
        "tracker.sales.imports.commands:import_sales",
        "Book sales, refunds, cancellations and disputes from a CSV FILE.",
    ),
    "sale list": ListedCommand(
        "tracker.sales.commands:show_sales", "Show the sales of a brand, the latest first."
    ),
    "sale show": ListedCommand(
        "tracker.sales.commands:show_sale", "Show one sale: refunds, disputes, and who is credited and why."
    ),
    "setup-link": ListedCommand(
        "tracker.people.installation.commands:setup_link_command",
        "Make a new link for the set-up in the browser, while nobody is there.",
    ),
    "source create": ListedCommand("tracker.sales.sources.commands:create_source", "Connect a shop."),
    "source delete": ListedCommand(
        "tracker.sales.sources.commands:delete_source", "Refuse all further messages of a source."
    ),
    "source dismiss": ListedCommand(
        "tracker.sales.inbox.commands:dismiss_event",
        "Dismiss an event that was not applied, so that it no longer holds the commission of its order.",
    ),
    "source events": ListedCommand(
        "tracker.sales.inbox.commands:show_events",
        "Show the messages that shops sent, newest first, and why any of them was not applied.",
    ),
    "source health": ListedCommand(
        "tracker.sales.health.commands:show_health",
        "Check whether shops report everything: silence, clock skew, missing orders, coupons without clicks.",
    ),
    "source list": ListedCommand(
        "tracker.sales.sources.commands:list_sources", "List the sources of a brand, including deleted ones."
    ),
    "source replay": ListedCommand(
        "tracker.sales.inbox.commands:replay_events", "Retry events that are parked or in conflict."
    ),
    "source rotate": ListedCommand(
        "tracker.sales.sources.commands:rotate_secret", "Generate a new secret, or read the shop's."
    ),
    "source send": ListedCommand(
        "tracker.sales.sources.commands:send", "Send a JSON FILE as the shop would: signed, over HTTP."
    ),
    "suspicion set": ListedCommand(
        "tracker.sales.suspicion.commands:set_signal",
        "Set whether sales found by SIGNAL are held (hold) or not (off), from now on.",
    ),
    "suspicion show": ListedCommand(
        "tracker.sales.suspicion.commands:show", "Show a brand's setting for each signal."
    ),
    "user create": ListedCommand("tracker.people.accounts.commands:create_user", "Create a user."),
}
