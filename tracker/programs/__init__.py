"""Programs, their terms, who takes part, coupons and links."""
