"""Shared by all pages: layout, style, error pages, health."""
