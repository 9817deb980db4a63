"""A brand's creators with their links: new ones, and whether one has been followed."""
