"""What a creator earns on a sale, from accrual to release."""
