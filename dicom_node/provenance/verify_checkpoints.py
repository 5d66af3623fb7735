"""Checks the signed checkpoint files and says what they seal. Touches: checkpoints/, keys/, database (reads)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Checkpoint
from dicom_node.domain.work import canonical_json
from dicom_node.provenance import checkpoint
from dicom_node.provenance.checkpoint import Heads
from dicom_node.provenance.finding import Finding
from dicom_node.storage.layout import Layout


@dataclass
class Sealed:
    """What the checkpoints vouch for, and what is wrong with them."""

    heads: Heads = field(default_factory=dict)
    last_event: int = 0
    findings: list[Finding] = field(default_factory=list)


def sealed(session: Session, layout: Layout, *, copies: Path | None = None) -> Sealed:
    """Check every checkpoint file, its row and its copy, and merge what they seal."""
    result = Sealed()
    key = checkpoint.public_key(layout.keys)
    bodies: list[Mapping[str, Any]] = []
    before: bytes | None = None
    for path in checkpoint.files(layout.checkpoints):
        content = path.read_bytes()
        body = _body(content, key)
        if body is None:
            result.findings.append(_finding(path.name, "its signature does not fit its content or the node's key"))
            before = None
            continue
        if before is not None and body["previous"] != hashlib.sha256(before).hexdigest():
            result.findings.append(_finding(path.name, "the checkpoint before it is missing or was replaced"))
        if not bodies and before is None and body["number"] != 1:
            result.findings.append(_finding(path.name, f"{body['number'] - 1} checkpoints before it are missing"))
        bodies.append(body)
        before = content
    result.heads = checkpoint.merged(bodies)
    if bodies:
        result.last_event = bodies[-1]["last_event"]
        if not result.findings and checkpoint.root_of(result.heads) != bodies[-1]["root"]:
            result.findings.append(_finding(f"{bodies[-1]['number']:08d}.json", "its root is not that of its heads"))
    result.findings.extend(_rows(session, layout))
    result.findings.extend(_copies(layout, copies))
    return result


def _body(content: bytes, key: Ed25519PublicKey | None) -> Mapping[str, Any] | None:
    try:
        record = json.loads(content)
        body: Mapping[str, Any] = record["body"]
        signer = key or Ed25519PublicKey.from_public_bytes(bytes.fromhex(record["public_key"]))
        signer.verify(bytes.fromhex(record["signature"]), canonical_json(body).encode())
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return body


def _rows(session: Session, layout: Layout) -> Iterator[Finding]:
    for row in session.scalars(select(Checkpoint).order_by(Checkpoint.id)):
        path = layout.absolute(row.path)
        if not path.exists():
            yield _finding(path.name, "the signed file is missing")
        elif json.loads(path.read_bytes()).get("signature") != row.signature:
            yield _finding(path.name, "the row and the signed file have different signatures")


def _copies(layout: Layout, copies: Path | None) -> Iterator[Finding]:
    for copy in checkpoint.files(copies) if copies is not None else []:
        here = layout.checkpoints / copy.name
        if not here.exists():
            yield _finding(copy.name, "the second copy has it, this node has not")
        elif here.read_bytes() != copy.read_bytes():
            yield _finding(copy.name, "it is not what the second copy says")


def _finding(name: str, sentence: str) -> Finding:
    return Finding(table=f"checkpoint {name}", row_id=None, series_instance_uid="", sentence=sentence)
