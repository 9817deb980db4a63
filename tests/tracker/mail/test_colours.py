"""Accents of mails are readable on light and dark paper, whatever colour a brand has."""

import pytest

from tracker.mail.colours import PRODUCT_COLOUR, accent_of

PAPER, WHITE, INK = "#faf8f4", "#ffffff", "#171513"
STEPS = range(0, 256, 51)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_accent_is_readable() -> None:
    for colour in (f"#{r:02x}{g:02x}{b:02x}" for r in STEPS for g in STEPS for b in STEPS):
        accent = accent_of(colour)
        assert contrast(accent.light, PAPER) >= 4.5, colour
        assert contrast(accent.light, WHITE) >= 4.5, colour
        assert contrast(accent.dark, INK) >= 4.5, colour


def test_the_accent_keeps_the_hue() -> None:
    red, green, blue = (int(accent_of("#ff0000").light[at : at + 2], 16) for at in (1, 3, 5))
    assert red > 2 * green > 0
    assert red > 2 * blue > 0


@pytest.mark.parametrize("text", ["", "red", "#12345", "#0e5560;} body { display: none"])
def test_what_is_no_colour_counts_as_the_product_s(text: str) -> None:
    assert accent_of(text) == accent_of(PRODUCT_COLOUR)
    assert accent_of(PRODUCT_COLOUR).light == PRODUCT_COLOUR
