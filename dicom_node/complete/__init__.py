"""Station 3: when a series is complete, and the immutable revision that is cut from it."""
