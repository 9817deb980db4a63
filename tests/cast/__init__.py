"""Who takes part in the tests: brands, creators, shops, programs; and the months that they live through."""
