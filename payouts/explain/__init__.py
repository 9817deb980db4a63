"""The path of one order, from click to transfer, in words."""
