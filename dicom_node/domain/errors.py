"""Errors with what happened, to what, and what to do. Pure.

NodeError
├── ConfigError          the configuration file is wrong, with the line
├── RuleError            a rule set is wrong, with the line
├── BadInstance          an object cannot be read; it ends quarantined
├── StorageError         the disk did not take or give a file
├── DatabaseError        the database is absent, newer, or not to be used so
└── NotFound             a person named something that is not there
"""


class NodeError(Exception):
    """The root: one sentence each for what happened, to which object, and what to do.

    Parameters
    ----------
    happened
        What happened, without the subject.
    subject
        The file, series, key or peer it happened to.
    remedy
        What a person can do about it.
    """

    def __init__(self, *, happened: str, subject: str, remedy: str) -> None:
        super().__init__(f"{subject}: {happened}. {remedy}")
        self.happened = happened
        self.subject = subject
        self.remedy = remedy


class ConfigError(NodeError):
    """The configuration file is wrong; the subject names file and line."""


class RuleError(NodeError):
    """A rule set is wrong; the subject names rule and line."""


class BadInstance(NodeError):
    """An object that cannot be read or has no identity; it is quarantined, never dropped."""


class StorageError(NodeError):
    """The disk did not take or give a file."""


class DatabaseError(NodeError):
    """The database is absent, newer than the program, or set up so that acknowledged rows could be lost."""


class NotFound(NodeError):
    """A person named a series, job, delivery or version that does not exist."""
