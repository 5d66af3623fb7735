"""Station 6: to each destination, with identity check, retry and confirmation."""
