"""The roles of members at a brand, and what they allow. Pure."""

from enum import StrEnum

from tracker.errors import Invalid
from tracker.language.texts import gettext as _


class Role(StrEnum):
    """The role of a user at one brand."""

    OWNER = "owner"
    FINANCE = "finance"
    MANAGER = "manager"
    VIEWER = "viewer"


FORMER_NAMES = {"member": Role.MANAGER}
"""Names of earlier versions. A process that still runs such a version may write them."""

STORED_ROLES = (*(role.value for role in Role), *FORMER_NAMES)
"""Every word that may stand in the database, and that the command line accepts."""

EVERY_ROLE = tuple(Role)
DECIDES_ABOUT_MONEY = (Role.OWNER, Role.FINANCE)
"""Approves statements and payouts; its sessions end after 12 hours."""
RUNS_THE_PROGRAM = (Role.OWNER, Role.MANAGER)
"""Changes programs, links, creators and the connection to the shop."""


def role_named(name: str) -> Role:
    """The role with this name, or with this former name. Raises Invalid."""
    if name in FORMER_NAMES:
        return FORMER_NAMES[name]
    try:
        return Role(name)
    except ValueError:
        raise Invalid(
            _(
                "The role cannot be %(name)s; choose one of: %(roles)s.",
                name=repr(name),
                roles=", ".join(Role),
            ),
            field="role",
        ) from None


def role_name(role: Role) -> str:
    """The role as people read it."""
    names = {
        Role.OWNER: _("owner"),
        Role.FINANCE: _("finance"),
        Role.MANAGER: _("manager"),
        Role.VIEWER: _("viewer"),
    }
    return names[role]
