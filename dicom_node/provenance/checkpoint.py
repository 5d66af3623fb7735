"""Signs count and root over all chain heads into a file outside the database. Touches: database, keys/, checkpoints/.

A checkpoint names every chain that grew since the one before, carries the SHA-256 of that one's file, and signs a root
over all heads with the node's Ed25519 key (RFC 8032). All files together tell the head that each chain had at the last
checkpoint, so that a cut tail is found by name. The second copy, `provenance.checkpoint_to`, is for a host whose owner
cannot write here; against the owner of both the proof does not reach.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Checkpoint, Node, ProvenanceEvent, Series
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import StorageError
from dicom_node.domain.work import canonical_json
from dicom_node.provenance.chain import NODE_CHAIN, series_chain
from dicom_node.provenance.record import note
from dicom_node.storage.durable import sync_folder, write_file
from dicom_node.storage.layout import Layout

PRIVATE_KEY: Final = "checkpoint.pem"
PUBLIC_KEY: Final = "checkpoint.pub"
_PATTERN: Final = "[0-9]*.json"
_LOCK: Final = "lock"
_RAW: Final = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)

Heads = dict[str, tuple[int, str]]
"""Chain to (count, head hash)."""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What one consistent view of the database says."""

    installation_id: str
    last_event: int
    heads: Heads
    grown: frozenset[str]


def write(database: Database, layout: Layout, clock: Clock, *, copy_to: Path | None = None) -> Path:
    """Write the next checkpoint and its row.

    Parameters
    ----------
    copy_to
        Folder for a second copy.

    Returns
    -------
    Path
        The signed file.

    Raises
    ------
    StorageError
        A folder did not take the file; the file in `checkpoints/` and its row are there if only the copy failed.
    """
    layout.checkpoints.mkdir(mode=0o750, parents=True, exist_ok=True)
    with (layout.checkpoints / _LOCK).open("w") as turn:
        # Two processes of a node may seal at the same time, at its start.
        fcntl.flock(turn, fcntl.LOCK_EX)
        path, content = _write_next(database, layout, clock)
    if copy_to is not None:
        _copy(content, copy_to / path.name)
    return path


def _write_next(database: Database, layout: Layout, clock: Clock) -> tuple[Path, bytes]:
    key = signing_key(layout.keys)
    older = files(layout.checkpoints)
    before = older[-1].read_bytes() if older else b""
    number = int(older[-1].stem) + 1 if older else 1
    at = clock.now()
    with database.read() as session:
        seen = _look(session, since=last_event(before))
    body = {
        "number": number,
        "at": at.isoformat(timespec="microseconds"),
        "installation_id": seen.installation_id,
        "chains": len(seen.heads),
        "events": sum(count for count, _ in seen.heads.values()),
        "last_event": seen.last_event,
        "root": root_of(seen.heads),
        "grown": {chain: list(seen.heads[chain]) for chain in sorted(seen.grown & seen.heads.keys())},
        "previous": hashlib.sha256(before).hexdigest() if before else "",
    }
    signature = key.sign(canonical_json(body).encode()).hex()
    public = key.public_key().public_bytes(*_RAW).hex()
    content = canonical_json({"body": body, "public_key": public, "signature": signature}).encode()
    path = layout.checkpoints / f"{number:08d}.json"
    write_file(path, content)
    _keep_row(database, layout, path, body, signature, clock)
    return path, content


def root_of(heads: Mapping[str, tuple[int, str]]) -> str:
    """Return the SHA-256 over chain, count and head of every chain, in the order of their names."""
    digest = hashlib.sha256()
    for chain in sorted(heads):
        count, head = heads[chain]
        digest.update(f"{chain} {count} {head}\n".encode())
    return digest.hexdigest()


def files(folder: Path) -> list[Path]:
    """Return the checkpoint files of a folder, oldest first."""
    return sorted(folder.glob(_PATTERN))


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the node's key, made on first use, readable by its owner alone.

    Raises
    ------
    StorageError
        The key is not an Ed25519 key, or the folder did not take a new one.
    """
    path = folder / PRIVATE_KEY
    if not path.exists():
        _make_key(folder)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise StorageError(happened="it is no Ed25519 key", subject=str(path), remedy="Bring the node's key back.")
    return key


def public_key(folder: Path) -> Ed25519PublicKey | None:
    """Return the public half, or None where there is none yet."""
    path = folder / PUBLIC_KEY
    if not path.exists():
        return None
    key = serialization.load_pem_public_key(path.read_bytes())
    return key if isinstance(key, Ed25519PublicKey) else None


def public_hex(key: Ed25519PublicKey) -> str:
    """Return the 32 bytes of a public key in hex."""
    return key.public_bytes(*_RAW).hex()


def last_event(content: bytes) -> int:
    """Return up to which event a checkpoint file reaches; 0 for none, so that the next one names every chain."""
    return int(json.loads(content)["body"]["last_event"]) if content else 0


def _look(session: Session, *, since: int) -> _Seen:
    node = session.get_one(Node, 1)
    # a chain without events has no head to be named: the root is over what the files name
    heads: Heads = {NODE_CHAIN: (node.chain_count, node.chain_head)} if node.chain_count else {}
    for series_id, count, head in session.execute(select(Series.id, Series.chain_count, Series.chain_head)):
        heads[series_chain(series_id)] = (count, head)
    grown = session.scalars(select(ProvenanceEvent.chain).where(ProvenanceEvent.id > since).distinct())
    return _Seen(
        installation_id=node.installation_id,
        last_event=session.scalar(select(func.max(ProvenanceEvent.id))) or 0,
        heads=heads,
        grown=frozenset(grown),
    )


def _keep_row(
    database: Database, layout: Layout, path: Path, body: Mapping[str, Any], signature: str, clock: Clock
) -> None:
    at = clock.now()
    with database.write() as session:
        session.add(
            Checkpoint(
                at=at,
                chains=body["chains"],
                events=body["events"],
                root=body["root"],
                signature=signature,
                path=layout.relative(path),
            )
        )
        payload = {"root": body["root"], "signature": signature}
        note(session, subject=f"checkpoint:{body['number']}", cause="checkpoint", at=at, payload=payload)


def _copy(content: bytes, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            happened=f"the second copy of a checkpoint cannot be written: {error.strerror}",
            subject=str(target.parent),
            remedy="Look at provenance.checkpoint_to.",
        ) from error
    write_file(target, content)


def _make_key(folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / PRIVATE_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(private)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            happened=f"the signing key cannot be made: {error.strerror}",
            subject=str(folder),
            remedy="Look at the rights on data_dir.",
        ) from error
    sync_folder(folder)
    write_file(folder / PUBLIC_KEY, public)


def merged(bodies: Iterable[Mapping[str, Any]]) -> Heads:
    """Return the heads that checkpoints, oldest first, have sealed in all."""
    heads: Heads = {}
    for body in bodies:
        heads.update({chain: (int(count), str(head)) for chain, (count, head) in body["grown"].items()})
    return heads
