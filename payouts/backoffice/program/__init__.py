"""A program and its terms, with what an order would pay."""
