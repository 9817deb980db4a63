"""The icons of pages: 24 px, stroke 1.75, drawn inline and always beside a word."""

from markupsafe import Markup

_PATHS = {
    "ask": '<path d="M4 4.5h16v12h-9L6.5 20v-3.5H4z"/>',
    "available": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="4" fill="currentColor"/>',
    "back": '<path d="M9 6 4 11l5 5M4 11h11a5 5 0 0 1 0 10h-2"/>',
    "bank": '<path d="M3 9.5 12 4l9 5.5zM5 20h14M6.5 10v7.5M12 10v7.5M17.5 10v7.5"/>',
    "calendar": '<path d="M4 6h16v14H4zM4 10h16M8 3v5M16 3v5"/>',
    "cart": '<path d="M3 4h3l2.5 11h9.5l2.5-8H7"/><circle cx="10" cy="19" r="1.3"/>'
    '<circle cx="17" cy="19" r="1.3"/>',
    "check": '<path d="m4.5 12.5 5 5 10-11"/>',
    "click": '<path d="m9 9 11 4.5-5 1.5-1.5 5zM8 2.5v3M2.5 8h3M4 4l2 2"/>',
    "coin": '<circle cx="12" cy="12" r="9"/><path d="M15.5 8.8A4.2 4.2 0 1 0 15.5 15.2M7 11h6M7 13.5h5"/>',
    "copy": '<rect x="8" y="8" width="12" height="12" rx="1.5"/><path d="M16 8V4H4v12h4"/>',
    "document": '<path d="M6 3h8l4 4v14H6zM9 12h6M9 16h6"/>',
    "download": '<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M4 20h16"/>',
    "held": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.5l3.5 2"/>',
    "home": '<path d="M4 11 12 4l8 7v9h-5v-6H9v6H4z"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.2v.3"/>',
    "key": '<circle cx="8" cy="15" r="4"/><path d="m11 12 8.5-8.5M16 7l3 3"/>',
    "link": '<path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3'
    'A4 4 0 0 0 11 18.7l1.2-1.2"/>',
    "list": '<path d="M4 6h16M4 12h16M4 18h10"/>',
    "mail": '<path d="M3 5.5h18v13H3zM3 6l9 7 9-7"/>',
    "more": '<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3"/>',
    "out": '<path d="M3 19h18M12 4v11m-4.5-4.5L12 15l4.5-4.5"/>',
    "people": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6'
    'M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5c2.2.8 3.5 2.7 3.5 5.5"/>',
    "plus": '<path d="M12 4v16M4 12h16"/>',
    "qr": '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM18 18h2v2h-2zM18 14h2M14 20h2"/>',
    "review": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="2.8"/>',
    "scale": '<path d="M12 4v16M7 20h10M5 7h14M5 7l-2.5 6.5h5zM19 7l-2.5 6.5h5z"/>',
    "share": '<path d="M12 15V3.5M8 7l4-3.5L16 7M6 11H4.5v9.5h15V11H18"/>',
    "stop": '<circle cx="12" cy="12" r="9"/><path d="m8.5 8.5 7 7m0-7-7 7"/>',
    "user": '<circle cx="12" cy="8" r="4"/><path d="M4 21c0-4.500 3.500-7 8-7s8 2.500 8 7"/>',
    "warning": '<path d="M12 3.5 22 20.5H2zM12 10v4.5M12 17.2v.3"/>',
    "x": '<path d="m6 6 12 12M18 6 6 18"/>',
}

ICONS = frozenset(_PATHS)


def icon(name: str) -> Markup:
    """The icon as SVG, hidden from screen readers. Raises KeyError for an unknown name."""
    return Markup('<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        Markup(_PATHS[name])
    )
