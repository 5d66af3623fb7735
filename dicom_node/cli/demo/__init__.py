"""The demonstration: a synthetic scanner, the node, a test PACS."""
