"""Who runs which job for which time: claims that make two schedulers safe."""
