"""Where one derived series comes from, as W3C PROV-JSON with the node's public key. Touches: database (reads), keys/.

The document follows the W3C member submission «The PROV-JSON Serialization» (2013): entities are objects by UID,
revisions, rule sets and weights; activities are associations, cuts, decisions, jobs and deliveries. The series' whole
chain of events stands in it as text, so that its hashes can be computed again. No patient attribute is in it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node import VERSION
from dicom_node.database.engine import Database
from dicom_node.database.tables import (
    Association,
    Checkpoint,
    Decision,
    Delivery,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Job,
    Node,
    ProvenanceEvent,
    Revision,
    RuleSet,
    Series,
)
from dicom_node.domain.errors import NotFound
from dicom_node.domain.work import canonical_json
from dicom_node.provenance.chain import series_chain
from dicom_node.provenance.checkpoint import public_hex, public_key
from dicom_node.storage.layout import Layout

Document = dict[str, Any]
_PREFIX = {
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "uid": "urn:oid:",
    "dn": "urn:dicom-node:",
}


def export(database: Database, layout: Layout, series_instance_uid: str) -> Document:
    """Return the PROV-JSON document of a derived series.

    Parameters
    ----------
    series_instance_uid
        Of the derived series.

    Raises
    ------
    NotFound
        There is no such derived series.
    """
    with database.read() as session:
        derived = session.scalars(
            select(DerivedSeries).where(DerivedSeries.series_instance_uid == series_instance_uid)
        ).one_or_none()
        if derived is None:
            raise NotFound(
                happened="no derived series has this UID", subject=series_instance_uid, remedy="List the series first."
            )
        return _Writer(session, derived, layout).document()


class _Writer:
    """Fills one document, record by record."""

    def __init__(self, session: Session, derived: DerivedSeries, layout: Layout) -> None:
        self._session, self._derived, self._layout = session, derived, layout
        self._job = session.get_one(Job, derived.job_id)
        self._revision = session.get_one(Revision, self._job.revision_id)
        self._series = session.get_one(Series, derived.series_id)
        self._document: Document = {"prefix": dict(_PREFIX)}

    def document(self) -> Document:
        self._agents()
        self._received()
        self._decided()
        self._restored()
        self._delivered()
        self._chained()
        return self._document

    def _add(self, section: str, name: str, attributes: Mapping[str, Any]) -> str:
        self._document.setdefault(section, {})[name] = {
            key: value for key, value in attributes.items() if value not in (None, "")
        }
        return name

    def _relate(self, section: str, **ends: str) -> None:
        known = self._document.setdefault(section, {})
        known[f"_:{section}{len(known) + 1}"] = {f"prov:{key}": value for key, value in ends.items()}

    def _agents(self) -> None:
        node = self._session.get_one(Node, 1)
        key = public_key(self._layout.keys)
        self._add(
            "agent",
            "dn:node",
            {
                "prov:type": _qname("prov:SoftwareAgent"),
                "dn:version": VERSION,
                "dn:installation": node.installation_id,
                "dn:ed25519_public_key": public_hex(key) if key else "",
            },
        )

    def _received(self) -> None:
        members = set(self._revision.instance_ids)
        cut = self._activity(f"dn:cut/{self._revision.id}", at=self._revision.cut_at)
        revision = self._add(
            "entity",
            f"dn:revision/{self._revision.id}",
            {
                "prov:type": _qname("prov:Collection"),
                "dn:series": f"uid:{self._series.series_instance_uid}",
                "dn:number": self._revision.number,
                "dn:digest": self._revision.digest,
                "dn:why": self._revision.why,
            },
        )
        self._relate("wasGeneratedBy", entity=revision, activity=cut)
        for instance in self._session.scalars(select(Instance).where(Instance.series_id == self._series.id)):
            if instance.id in members:
                self._one_received(instance, revision)

    def _one_received(self, instance: Instance, revision: str) -> None:
        name = self._add(
            "entity",
            f"uid:{instance.sop_instance_uid}",
            {"dn:sha256": instance.sha256, "dn:pixel_digest": instance.pixel_digest, "dn:size": instance.size},
        )
        association = self._session.get_one(Association, instance.association_id)
        activity = f"dn:association/{association.id}"
        if activity not in self._document.get("activity", {}):
            self._activity(
                activity,
                at=association.opened_at,
                until=association.ended_at,
                calling_ae=association.calling_ae,
                called_ae=association.called_ae,
            )
        self._relate("wasGeneratedBy", entity=name, activity=activity)
        self._relate("hadMember", collection=revision, entity=name)

    def _decided(self) -> None:
        decision = self._session.scalars(
            select(Decision).where(Decision.revision_id == self._revision.id)
        ).one_or_none()
        if decision is None:
            return
        activity = self._activity(
            f"dn:decision/{decision.id}",
            at=decision.decided_at,
            rule=decision.rule,
            tree_digest=decision.tree_digest,
            facts_digest=decision.facts_digest,
        )
        self._relate("used", activity=activity, entity=f"dn:revision/{self._revision.id}")
        rules = self._session.scalars(select(RuleSet).where(RuleSet.version == decision.rule_set_version)).one_or_none()
        if rules is not None:
            name = self._add(
                "entity", f"dn:rules/{rules.version}", {"dn:digest": rules.digest, "dn:author": rules.author}
            )
            self._relate("used", activity=activity, entity=name)

    def _restored(self) -> None:
        job = self._job
        activity = self._activity(
            f"dn:job/{job.id}",
            at=job.started_at,
            until=job.ended_at,
            recipe=canonical_json(job.recipe),
            recipe_digest=job.recipe_digest,
            execution=canonical_json(job.execution),
            figures=canonical_json(job.figures),
        )
        weights = self._add(
            "entity",
            f"dn:pipeline/{job.pipeline}",
            {"dn:version": job.recipe.get("version"), "dn:weights_sha256": job.recipe.get("weights_sha256")},
        )
        self._relate("used", activity=activity, entity=weights)
        self._relate("used", activity=activity, entity=f"dn:revision/{job.revision_id}")
        decision = next((name for name in self._document["activity"] if name.startswith("dn:decision/")), None)
        if decision:
            self._relate("wasInformedBy", informed=activity, informant=decision)
        self._results(activity)

    def _results(self, activity: str) -> None:
        series = self._add(
            "entity",
            f"uid:{self._derived.series_instance_uid}",
            {
                "prov:type": _qname("prov:Collection"),
                "dn:digest": self._derived.digest,
                "dn:state": self._derived.state,
            },
        )
        self._relate("wasGeneratedBy", entity=series, activity=activity)
        rows = self._session.execute(
            select(DerivedInstance, Instance.sop_instance_uid)
            .join(Instance, Instance.id == DerivedInstance.source_instance_id)
            .where(DerivedInstance.derived_series_id == self._derived.id)
            .order_by(DerivedInstance.rank)
        )
        for row, source in rows:
            attributes = {"dn:sha256": row.sha256, "dn:pixel_digest": row.pixel_digest}
            name = self._add("entity", f"uid:{row.sop_instance_uid}", attributes)
            self._relate("hadMember", collection=series, entity=name)
            self._relate("wasDerivedFrom", generatedEntity=name, usedEntity=f"uid:{source}", activity=activity)

    def _delivered(self) -> None:
        for row in self._session.scalars(select(Delivery).where(Delivery.derived_series_id == self._derived.id)):
            activity = self._activity(
                f"dn:delivery/{row.id}",
                at=row.created_at,
                until=row.ended_at,
                destination=row.destination,
                state=row.state,
                sent=row.sent,
                total=row.total,
            )
            self._relate("used", activity=activity, entity=f"uid:{self._derived.series_instance_uid}")

    def _chained(self) -> None:
        chain = series_chain(self._series.id)
        events = self._session.scalars(
            select(ProvenanceEvent).where(ProvenanceEvent.chain == chain).order_by(ProvenanceEvent.seq)
        ).all()
        persons = {str(event.payload["who"]): event.subject for event in events if "who" in event.payload}
        for person, subject in persons.items():
            agent = self._add("agent", f"dn:person/{person}", {"prov:type": _qname("prov:Person")})
            activity = f"dn:{subject.replace(':', '/')}"
            if activity in self._document["activity"]:
                self._relate("wasAssociatedWith", activity=activity, agent=agent)
        newest = self._session.scalars(select(Checkpoint).order_by(Checkpoint.id.desc()).limit(1)).one_or_none()
        self._add(
            "entity",
            f"dn:chain/{self._series.id}",
            {
                "dn:chain": chain,
                "dn:count": self._series.chain_count,
                "dn:head": self._series.chain_head,
                "dn:events": canonical_json([_event(event) for event in events]),
                "dn:checkpoint_root": newest.root if newest else "",
                "dn:checkpoint_signature": newest.signature if newest else "",
            },
        )

    def _activity(self, name: str, *, at: datetime | None, until: datetime | None = None, **more: Any) -> str:
        times = {"prov:startTime": at, "prov:endTime": until}
        attributes = {key: value.isoformat() for key, value in times.items() if value is not None}
        self._add("activity", name, {**attributes, **{f"dn:{key}": value for key, value in more.items()}})
        self._relate("wasAssociatedWith", activity=name, agent="dn:node")
        return name


def _qname(name: str) -> dict[str, str]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _event(event: ProvenanceEvent) -> dict[str, Any]:
    return {
        "chain": event.chain,
        "seq": event.seq,
        "at": event.at.isoformat(timespec="microseconds"),
        "subject": event.subject,
        "cause": event.cause,
        "payload": event.payload,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }
