"""The redirect: who clicked, where the click leads, and the record of it."""
