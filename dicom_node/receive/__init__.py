"""Station 1: C-STORE from the socket to a synced file."""
