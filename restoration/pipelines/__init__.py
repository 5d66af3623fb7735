"""From a volume to its restored twin, a file per operation."""
