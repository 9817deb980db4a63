"""Totals of sales and commissions by day and month, for pages."""
