"""The demonstration's PACS: keeps what it gets in a folder and answers who the patient is. Touches: socket, folder."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt

from dicom_node.domain.errors import StorageError
from dicom_node.wire.contexts import VERIFICATION

AE_TITLE = "DEMOPACS"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_SUCCESS, _PENDING = 0x0000, 0xFF00
_KEYS = (
    "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber",
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
)  # fmt: skip


class DemoPacs:
    """A storage and study-level query SCP on a loopback port.

    Parameters
    ----------
    folder
        Received files lie below it, one folder per series.
    port
        0 picks a free one.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._studies: dict[str, Dataset] = {}
        self._lock = threading.Lock()
        ae = AE(ae_title=AE_TITLE)
        ae.supported_contexts = AllStoragePresentationContexts
        ae.add_supported_context(VERIFICATION)
        ae.add_supported_context(STUDY_ROOT_FIND)
        ae.maximum_pdu_size = 0
        handlers: list[Any] = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, self._find)]
        server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        if server is None or server.socket is None:
            raise StorageError(happened="cannot listen", subject="the demonstration's PACS", remedy="Free a port.")
        self._server = server
        self.port = int(server.socket.getsockname()[1])

    def series_folder(self, series_instance_uid: str) -> Path:
        """Where the files of one series lie."""
        return self._folder / series_instance_uid

    def files(self, series_instance_uid: str) -> list[Path]:
        """Return the files of one series."""
        return sorted(self.series_folder(series_instance_uid).glob("*.dcm"))

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()

    def _store(self, event: evt.Event) -> int:
        ds = event.dataset
        folder = self.series_folder(str(ds.SeriesInstanceUID))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{ds.SOPInstanceUID}.dcm").write_bytes(event.encoded_dataset())
        known = Dataset()
        for keyword in _KEYS:
            setattr(known, keyword, ds.get(keyword, ""))
        with self._lock:
            self._studies.setdefault(str(ds.StudyInstanceUID), known)
        return _SUCCESS

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        query = event.identifier
        with self._lock:
            known = self._studies.get(str(query.get("StudyInstanceUID", "")))
        if known is not None and query.get("QueryRetrieveLevel") == "STUDY":
            answer = Dataset()
            answer.QueryRetrieveLevel = "STUDY"
            for element in query:
                if element.keyword in _KEYS:
                    setattr(answer, element.keyword, known.get(element.keyword, ""))
            yield _PENDING, answer
