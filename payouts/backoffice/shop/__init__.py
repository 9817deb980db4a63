"""The connection to a brand's shop: choose its kind, try it out, see what arrived."""
