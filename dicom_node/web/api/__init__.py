"""The JSON behind the pages."""
