"""The language of a text for people: translations, the language of a request, formats of money and dates."""
