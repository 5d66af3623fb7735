"""Station 2: arrivals become instances, duplicates, corrections, conflicts or quarantine."""
