"""Classical denoisers: fallbacks for the networks and their yardstick."""
