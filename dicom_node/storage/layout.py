"""Where things lie below the data folder. Pure.

::

    store/<yyyy>/<mm>/<dd>/<association>/<n>.dcm   received files, which never move; <n>.part while arriving
    store/…/<association>/journal                  the association's journal
    derived/<token>/<rank>.dcm                     derived files of one attempt
    previews/<job>/                                pictures for pages
    quarantine/                                    nothing: quarantined files stay where they were received
    keys/                                          signing key of checkpoints
    checkpoints/                                   signed checkpoints
    run/                                           sockets and processes.json of the running node
    node.lock                                      held by the supervisor
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths below one data folder; paths in the database are relative to it."""

    data_dir: Path

    @property
    def store(self) -> Path:
        """Received files."""
        return self.data_dir / "store"

    @property
    def derived(self) -> Path:
        """Derived files, a folder per attempt."""
        return self.data_dir / "derived"

    @property
    def previews(self) -> Path:
        """Pictures for pages."""
        return self.data_dir / "previews"

    @property
    def keys(self) -> Path:
        """Signing key."""
        return self.data_dir / "keys"

    @property
    def checkpoints(self) -> Path:
        """Signed checkpoints."""
        return self.data_dir / "checkpoints"

    @property
    def run(self) -> Path:
        """Sockets and process list of the running node."""
        return self.data_dir / "run"

    @property
    def processes(self) -> Path:
        """What the supervisor says of its children."""
        return self.run / "processes.json"

    @property
    def doorbell(self) -> Path:
        """Datagram socket on which receivers tell the coordinator of an association folder."""
        return self.run / "doorbell"

    @property
    def lock(self) -> Path:
        """File locked by the supervisor."""
        return self.data_dir / "node.lock"

    def association(self, at: datetime, key: str) -> Path:
        """Folder of one association, by the day it was opened (UTC)."""
        return self.store / f"{at:%Y}" / f"{at:%m}" / f"{at:%d}" / key

    def relative(self, path: Path) -> str:
        """Path as it stands in the database."""
        return path.relative_to(self.data_dir).as_posix()

    def absolute(self, path: str) -> Path:
        """Path from the database."""
        return self.data_dir / path
