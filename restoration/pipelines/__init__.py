"""From a volume to its restored twin, by modality."""
