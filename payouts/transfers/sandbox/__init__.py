"""A small imitation of Stripe Connect over real HTTP, for the demo and the tests: no money, no network."""
