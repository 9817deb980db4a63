"""Kinds of shops: how each signs its messages and what they mean."""
