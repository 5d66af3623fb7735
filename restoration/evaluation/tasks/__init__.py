"""A task per kind of pipeline: its cases, its yardsticks, its steps and the bars they are held to."""
