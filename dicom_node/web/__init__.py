"""Pages, JSON interface, metrics and health."""
