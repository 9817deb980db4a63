"""Programs, their terms, enrollments, coupons and links."""
