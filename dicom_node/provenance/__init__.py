"""The chain of events from received byte to delivered byte."""
