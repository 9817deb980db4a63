"""A brand's colour as the accent of a mail, which is readable on light and on dark paper. Pure.

Mail programs know no colour functions, so the rules of the pages' style sheet are computed here: the hue
stays, lightness is clamped and chroma capped in Oklch (CSS Color 4, sections 9.3 and 18.3; Björn Ottosson,
"A perceptual color space for image processing").
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import atan2, cos, hypot, sin

PRODUCT_COLOUR = "#0e5560"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LIGHT = (0.3, 0.46, 0.13)
_DARK = (0.8, 0.86, 0.1)
"""Lowest and highest lightness, highest chroma."""
_CHROMA_STEP = 0.005


@dataclass(frozen=True)
class Accent:
    """The same hue for light and for dark paper, as #rrggbb."""

    light: str
    dark: str


@lru_cache(maxsize=256)
def accent_of(colour: str) -> Accent:
    """The accent of a colour such as #0e5560; what is no colour counts as the product's."""
    known = colour if _HEX.fullmatch(colour) else PRODUCT_COLOUR
    return Accent(_clamped(known, *_LIGHT), _clamped(known, *_DARK))


def _clamped(colour: str, lowest: float, highest: float, most_chroma: float) -> str:
    lightness, chroma, hue = _oklch(colour)
    lightness, chroma = min(max(lightness, lowest), highest), min(chroma, most_chroma)
    while True:
        linear = _linear_of_oklab(lightness, chroma * cos(hue), chroma * sin(hue))
        if chroma <= 0 or all(-0.0005 <= each <= 1.0005 for each in linear):
            return "#" + "".join(f"{_encoded(each):02x}" for each in linear)
        chroma -= _CHROMA_STEP  # outside of sRGB: paler, with the same hue


def _oklch(colour: str) -> tuple[float, float, float]:
    red, green, blue = (_decoded(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, hypot(a, b), atan2(b, a)


def _linear_of_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _decoded(byte: int) -> float:
    """The transfer function of sRGB (IEC 61966-2-1)."""
    value = byte / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(linear: float) -> int:
    value = min(max(linear, 0.0), 1.0)
    encoded = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(encoded * 255)
