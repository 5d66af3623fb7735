"""Study and series of an object, found or made; each looked up once a batch. Touches: database."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Series, Study
from dicom_node.domain.series import Attributes
from dicom_node.provenance.record import alert, begin
from dicom_node.register.identity import Candidate, text
from dicom_node.register.rejected_rows import notes_of_study
from dicom_node.register.rejection import Note


class Places:
    """Studies, series and rejection notes that one writing transaction meets.

    Parameters
    ----------
    session
        The writing session; not to be used after it.
    at
        Time of the events, UTC.
    """

    def __init__(self, session: Session, at: datetime) -> None:
        self.session = session
        self.at = at
        self._studies: dict[tuple[str, str, str], Study] = {}
        self._series: dict[tuple[int, str], Series] = {}
        self._notes: dict[int, list[Note]] = {}

    def series(self, candidate: Candidate, received_at: datetime) -> Series:
        """Return the series that the object belongs to; it knows of the reception."""
        study = self._studies.get(candidate.identity.study) or self._study(candidate)
        uid = candidate.identity.series_instance_uid
        series = self._series.get((study.id, uid))
        if series is None:
            series = self._series[study.id, uid] = self._find_series(study, candidate, received_at)
        series.first_received_at = min(series.first_received_at, received_at)
        series.last_received_at = max(series.last_received_at, received_at)
        return series

    def notes(self, study_id: int) -> list[Note]:
        """Return the notes that are in the study already."""
        if study_id not in self._notes:
            self._notes[study_id] = notes_of_study(self.session, study_id)
        return self._notes[study_id]

    def forget_notes(self, study_id: int) -> None:
        """Look the study's notes up again: one has come."""
        self._notes.pop(study_id, None)

    def _study(self, candidate: Candidate) -> Study:
        identity = candidate.identity
        same_uid = self.session.scalars(
            select(Study).where(Study.study_instance_uid == identity.study_instance_uid)
        ).all()
        for study in same_uid:
            self._studies[study.patient_id, study.issuer, study.study_instance_uid] = study
        if identity.study in self._studies:
            return self._studies[identity.study]
        if same_uid:
            uid = identity.study_instance_uid
            message = f"the study {uid} has two patients"
            alert(self.session, kind="two patients", message=message, at=self.at, key=f"patients:{uid}")
        study = Study(
            study_instance_uid=identity.study_instance_uid,
            patient_id=identity.patient_id,
            issuer=identity.issuer,
            **study_columns(candidate.attributes),
        )
        self.session.add(study)
        self.session.flush()
        self._studies[identity.study] = study
        return study

    def _find_series(self, study: Study, candidate: Candidate, received_at: datetime) -> Series:
        uid = candidate.identity.series_instance_uid
        same_uid = self.session.scalars(select(Series).where(Series.series_instance_uid == uid)).all()
        for series in same_uid:
            if series.study_id == study.id:
                return series
        if same_uid:
            message = f"the series {uid} is in two studies"
            alert(self.session, kind="two studies", message=message, at=self.at, key=f"studies:{uid}")
        series = Series(
            study_id=study.id,
            series_instance_uid=uid,
            modality=text(candidate.attributes, "Modality"),
            description=text(candidate.attributes, "SeriesDescription"),
            number=text(candidate.attributes, "SeriesNumber"),
            first_received_at=received_at,
            last_received_at=received_at,
        )
        begin(self.session, series, cause="first instance", at=self.at)
        return series


def study_columns(attributes: Attributes) -> dict[str, str]:
    """Return what a study row says of patient and order."""
    return {
        "patient_name": text(attributes, "PatientName"),
        "birth_date": text(attributes, "PatientBirthDate"),
        "sex": text(attributes, "PatientSex"),
        "accession_number": text(attributes, "AccessionNumber"),
        "study_date": text(attributes, "StudyDate"),
        "study_time": text(attributes, "StudyTime"),
        "study_id": text(attributes, "StudyID"),
    }
