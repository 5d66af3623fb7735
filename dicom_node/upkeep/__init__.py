"""Station 7: schedule, retention, integrity, watchdog."""
