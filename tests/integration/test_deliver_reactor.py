"""pynetdicom's own thread of an association never takes the answer that a sender waits for."""

import importlib.metadata
import inspect
import sys
from pathlib import Path

from pynetdicom.association import Association as Negotiated

from dicom_node.wire.scu import Association, Remote, echo_context
from tests.support.peers import pacs


def test_no_answer_is_lost_however_threads_are_switched() -> None:
    with pacs() as peer:
        remote = Remote(calling_ae="NODE", called_ae="PACS", host="127.0.0.1", port=peer.port, response_s=5.0)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with Association(remote, echo_context()) as association:
                assert [association.echo().status for _ in range(300)] == [0] * 300
        finally:
            sys.setswitchinterval(interval)


def test_the_pinned_release_still_takes_messages_in_two_threads() -> None:
    assert importlib.metadata.version("pynetdicom") == "3.0.4"
    pinned = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"pynetdicom==3.0.4"' in pinned
    assert "self.dimse.get_msg(block=False)" in inspect.getsource(Negotiated._run_reactor)
    assert "self.dimse.get_msg(block=True)" in inspect.getsource(Negotiated.send_c_store)
