"""The family of a browser, from its User-Agent: all that is kept of it. Pure."""

_FAMILIES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""A part of the header and the family, the most specific first: Edge also calls itself Chrome and Safari."""


def browser_family(user_agent: str) -> str | None:
    """The family, such as "Firefox", without version, system or device; None where it is not known."""
    return next((family for part, family in _FAMILIES if part in user_agent), None)
