"""Invitations of members, creators and operators, and the team of a brand."""
