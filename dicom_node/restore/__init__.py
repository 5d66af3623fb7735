"""Station 5: one attempt restores, derives, reads back, judges and publishes."""
