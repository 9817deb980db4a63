"""Checks whether the reports of sources are complete: silence, clocks, order numbers, coupons."""
