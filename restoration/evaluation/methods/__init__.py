"""Ways to restore that are set beside the pipeline, and how their strengths are chosen."""
