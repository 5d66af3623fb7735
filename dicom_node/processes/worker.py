"""Worker process: one job at a time, from claim to publication. Touches: database, store, device (torch)."""

import os
import threading
from contextlib import closing

import structlog

from dicom_node.database.engine import Database
from dicom_node.domain.clock import SystemClock
from dicom_node.processes.start import Child, begin
from dicom_node.restore import queue
from dicom_node.restore.job import JobContext, give_up, run_job
from dicom_node.restore.pipelines import Restorers, load
from dicom_node.sandbox.client import Sandbox
from restoration.restorer import Restorer

IDLE_S = 1.0
NICE = 10


def main() -> None:
    """Claim and run jobs until asked to stop; a stop in the middle of a job abandons it to the queue."""
    child = begin()
    os.nice(NICE)
    database = Database(child.config.database.url)
    threading.Thread(target=_leave_at_once, args=(child.stop,), daemon=True, name="stop").start()
    with closing(Sandbox()) as sandbox:
        _loop(child, database, sandbox)


def _loop(child: Child, database: Database, sandbox: Sandbox) -> None:
    clock, log = SystemClock(), structlog.get_logger()

    def on_own_device(name: str, device: str) -> Restorer:
        return load(name, child.device if device == "auto" else device)

    context = JobContext(
        database=database,
        layout=child.layout,
        clock=clock,
        sandbox=sandbox,
        config=child.config,
        restorers=Restorers(child.config.pipelines, loader=on_own_device),
    )
    while True:
        claim = queue.claim_next(database, start_id=child.start_id, clock=clock)
        if claim is None:
            database.wait(IDLE_S)
            continue
        log.info("job started", job=claim.job_id)
        try:
            kept = run_job(claim, context=context)
        except Exception as error:
            log.exception("job met an unforeseen error", job=claim.job_id)
            kept = give_up(claim, error, context=context)
        log.info("job ended", job=claim.job_id, kept=kept)


def _leave_at_once(stop: threading.Event) -> None:
    # A network in the middle of a slice cannot be interrupted; the supervisor returns the job to the queue.
    stop.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
