"""Files that never move: layout, Part 10 heads with receipt, durable writing."""
