"""Entry of ``python -m restoration``. Touches: whatever the command does."""

from restoration.cli import main

main()
