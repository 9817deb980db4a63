"""One small installation with everything in it, and a walk through all of its pages."""
