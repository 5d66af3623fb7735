"""The guard: judges a volume before and after restoration by numbers, bounds and places; never looks at the network."""
