"""The rule language: grammar, fields, clauses, patterns, explanation. Pure."""
