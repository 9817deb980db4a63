"""Numbered steps of the schema: `main` for people, sales and money, `clicks` for clicks.

A step imports no code of the product, so that it does the same in ten years; column_types.py belongs to the
steps and is only ever added to.
"""
