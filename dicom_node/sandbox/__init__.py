"""A limited child process in which bytes of strangers are parsed."""
