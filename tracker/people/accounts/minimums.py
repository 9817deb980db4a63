"""The smallest payout in each currency where a brand has set none: about 50 EUR. Pure.

They are rounded to amounts that a person would choose: they were worth about 40 to 60 EUR at the rates below,
and do not follow the rates from day to day. A brand sets its own with: linkledger brand edit

Sources: the European Central Bank's euro foreign exchange reference rates of 2026-10-30 for the 30 currencies
that it publishes; for all others the market rates of 2026-09-29 in the public data set "exchange-api"
(@fawazahmed0/currency-api 2026.9.29). Where a currency has an official and a market rate, as in Iran or
Venezuela, the amount can be far from what people pay for 50 EUR.
"""

from tracker.money import exponent

_CODES_BY_UNITS = {
    15: "KWD",
    20: "BHD OMR",
    40: "CHF FKP GBP GIP JOD SHP",
    50: "BMD BSD EUR KYD PAB USD",
    60: "BND SGD",
    80: "AUD CAD",
    100: "AWG AZN BAM BBD BZD FJD NZD XCG",
    150: "BYN GEL ILS TND TOP WST XCD",
    200: "AED MYR PEN PLN QAR SAR TMT",
    250: "PGK RON",
    300: "BRL",
    400: "CNY DKK GTQ HKD MOP SBD TTD",
    500: "MAD NOK SEK SVC TJS",
    600: "BOB GHS",
    800: "BWP ERN LSL MVR NAD SCR SZL ZAR",
    1_000: "CZK MDL MXN STN ZMW",
    1_500: "CUP HNL SLE TWD ZWG",
    2_000: "MRU NIO SRD THB UYU",
    2_500: "MUR TRY UAH",
    3_000: "AFN DOP EGP MKD MZN PHP",
    4_000: "ALL GMD",
    5_000: "BTN CVE INR KGS RUB",
    6_000: "BDT ISK RSD VUV XPF",
    8_000: "DZD ETB HTG JMD JPY KES NPR",
    10_000: "DJF GYD LRD",
    15_000: "PKR YER",
    20_000: "AMD HUF LKR",
    25_000: "CRC KMF KZT",
    30_000: "SDG SOS XAF XOF",
    50_000: "AOA CLP KPW VED VES",
    80_000: "ARS KRW NGN RWF",
    100_000: "MMK MWK",
    150_000: "BIF CDF TZS",
    200_000: "COP KHR MNT UGX",
    250_000: "MGA",
    300_000: "PYG SSP",
    500_000: "GNF",
    600_000: "UZS",
    800_000: "SYP",
    1_000_000: "IDR LAK",
    1_500_000: "VND",
    5_000_000: "LBP",
    80_000_000: "IRR",
}
"""Whole units of a currency -> the currencies that have this minimum."""

MINIMUM_UNITS = {code: units for units, codes in _CODES_BY_UNITS.items() for code in codes.split()}
_UNITS_OF_OTHERS = 50
"""For currencies in which nothing is paid: those whose unit the rail does not know, and units of account."""


def default_minimum_minor(currency: str) -> int:
    """The product's minimum payout in minor units: EUR 5000, JPY 8000. Raises Invalid for no currency."""
    return MINIMUM_UNITS.get(currency, _UNITS_OF_OTHERS) * int(10 ** exponent(currency))
