"""Whether what shops reported is whole: silence, clocks, order numbers, coupons."""
