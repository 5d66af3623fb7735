"""Tables, one way to write, waiting, migrations."""
