"""Instances and arrivals as registration leaves them, without files."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydicom.datadict import dictionary_VR

from dicom_node.complete.facts import Circumstances, build_facts
from dicom_node.complete.stacks import split
from dicom_node.config.model import Config
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.domain.series import Facts, Instance, SopUid
from dicom_node.provenance.record import amend, begin
from tests.support.clock import FixedClock

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
START = datetime.fromisoformat("2026-03-02T09:00:00+00:00")


def attributes(**values: object) -> dict[str, Any]:
    """Return `Attributes`; a list is several values, a list of dicts a sequence, None leaves the attribute out."""
    made = {}
    for keyword, value in values.items():
        if value is None:
            continue
        parts = value if isinstance(value, list) else [value]
        sequence = parts and isinstance(parts[0], dict)
        vr = "SQ" if sequence else "CS" if keyword.startswith("_") else dictionary_VR(keyword)
        made[keyword] = {"vr": vr, "value": [attributes(**part) for part in parts] if sequence else parts}
    return made


def header(index: int = 0, **changes: object) -> dict[str, Any]:
    """Return the header of one slice of an axial CT series, 2 mm apart."""
    values: dict[str, object] = {
        "_pixels": "pixel",
        "SOPClassUID": CT,
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PatientID": "P1",
        "PatientName": "Phantom^Test",
        "StudyDate": "20260302",
        "SeriesDescription": "Chest low-dose",
        "FrameOfReferenceUID": "1.2.3",
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "ImagePositionPatient": ["0", "0", str(2.0 * index)],
        "InstanceNumber": str(index + 1),
        "PixelSpacing": ["0.7", "0.7"],
        "SliceThickness": "2",
        "Rows": 512,
        "Columns": 512,
        "BitsStored": 12,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "ConvolutionKernel": "STD",
    }
    return attributes(**{**values, **changes})


def instance(index: int = 0, *, syntax: str = EXPLICIT, **changes: object) -> Instance:
    """Return one slice."""
    made = header(index, **changes)
    return Instance(
        id=index + 1,
        sop_instance_uid=SopUid(f"1.2.826.{index + 1}"),
        sop_class_uid=made["SOPClassUID"]["value"][0],
        transfer_syntax_uid=syntax,
        path=f"store/{index}.dcm",
        sha256=f"{index:064x}",
        pixel_digest=f"{index:064x}",
        received_at=START + timedelta(seconds=index),
        association_id=1,
        attributes=made,
    )


def facts_of(instances: list[Instance], *, complete: bool = True) -> Facts:
    """Return the facts of a cut of these instances."""
    here = Circumstances(
        calling_ae="CT1", called_ae="RESTORE", peer="ct1", complete=complete, holes=0, received_local=START
    )
    return build_facts(instances, split(instances), here)


class Scanner:
    """A peer whose objects are registered straight into the database."""

    def __init__(self, database: Database, clock: FixedClock, ae_title: str = "CT1") -> None:
        self._database = database
        self._clock = clock
        self._ae_title = ae_title
        self._association = 0
        self._count = 0

    def open(self) -> int:
        with self._database.write() as session:
            row = tables.Association(
                folder=f"store/{self._ae_title}/{self._clock.now().isoformat()}",
                calling_ae=self._ae_title,
                called_ae="RESTORE",
                address="127.0.0.1",
                opened_at=self._clock.now(),
            )
            session.add(row)
            session.flush()
            self._association = row.id
        return self._association

    def send(self, series_uid: str, index: int, **changes: object) -> int:
        """Register one slice and return the id of its series."""
        now = self._clock.now()
        with self._database.write() as session:
            series = _series(session, series_uid, now)
            series.awaiting, series.last_received_at = True, now
            row = _instance(series.id, self._association, f"{series_uid}.{index}", header(index, **changes), now)
            begin(session, row, cause="registered", at=now)
            session.add(
                tables.Reception(
                    association_id=self._association,
                    path=row.path,
                    size=1,
                    sha256=row.sha256,
                    received_at=now,
                    outcome="registered",
                    instance_id=row.id,
                    series_id=series.id,
                )
            )
            return series.id

    def end(self, outcome: str = "released") -> None:
        with self._database.write() as session:
            row = session.get_one(tables.Association, self._association)
            row.outcome, row.ended_at = outcome, self._clock.now()

    def push(self, series_uid: str, slices: int, *, pause_s: float = 0.5, **changes: object) -> int:
        """Send a series by one association that is released."""
        self.open()
        series_id = 0
        for index in range(slices):
            series_id = self.send(series_uid, index, **changes)
            self._clock.advance(pause_s)
        self.end()
        return series_id


def withdraw(database: Database, clock: FixedClock, series_id: int, index: int) -> None:
    """Take one instance out of force."""
    with database.write() as session:
        rows = session.query(tables.Instance).filter_by(series_id=series_id, in_force=True)
        amend(session, rows.order_by(tables.Instance.id).all()[index], "corrected", at=clock.now(), in_force=False)
        session.get_one(tables.Series, series_id).awaiting = True


def _series(session: Any, series_uid: str, now: datetime) -> tables.Series:
    found = session.query(tables.Series).filter_by(series_instance_uid=series_uid).one_or_none()
    if found is not None:
        return found
    study = tables.Study(
        study_instance_uid=f"{series_uid}.0", patient_id="P1", issuer="", patient_name="", birth_date="", sex="",
        accession_number="", study_date="20260302", study_time="", study_id="",
    )  # fmt: skip
    session.add(study)
    session.flush()
    series = tables.Series(
        study_id=study.id, series_instance_uid=series_uid, modality="CT", description="", number="1",
        first_received_at=now, last_received_at=now,
    )  # fmt: skip
    begin(session, series, cause="received", at=now)
    return series


def _instance(series_id: int, association_id: int, uid: str, made: Mapping[str, Any], now: datetime) -> tables.Instance:
    return tables.Instance(
        series_id=series_id,
        association_id=association_id,
        sop_instance_uid=uid,
        sop_class_uid=made["SOPClassUID"]["value"][0],
        transfer_syntax_uid=EXPLICIT,
        path=f"store/{uid}-{now.isoformat()}.dcm",
        size=1,
        sha256=f"sha-{uid}",
        pixel_digest=f"pixels-{uid}",
        identity_digest="",
        received_at=now,
        attributes=dict(made),
    )


def quick_config(**changes: object) -> Config:
    """Return the shipped waits with a destination and no prior guard."""
    values: dict[str, object] = {
        "routing": {"max_age_days": 0},
        "destinations": [{"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 4242}],
    }
    return Config.model_validate({**values, **changes})
