"""Every configuration key with its default, range and meaning. Pure.

Durations are seconds; in the file also ``30d``, ``4h``, ``15m``, ``20s``. The shipped ``config.yaml`` explains each key
to an administrator; a test compares the two.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

SQLITE = "sqlite:///"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: Any) -> Any:
    """Turn ``30d``, ``4h``, ``15m``, ``20s`` or a number of seconds into seconds; anything else is left to fail."""
    if isinstance(value, str) and value.strip():
        text = value.strip().lower()
        unit = _UNITS.get(text[-1])
        number = text[:-1] if unit else text
        try:
            return float(number) * (unit or 1.0)
        except ValueError:
            return value
    return value


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, allow_inf_nan=False)]
AeTitle = Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[\x20-\x5b\x5d-\x7e]*\S[\x20-\x5b\x5d-\x7e]*$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Section(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSection(Section):
    """Who the node is and where it listens."""

    ae_title: AeTitle = "RESTORE"
    host: str = "127.0.0.1"
    port: Port = 11112
    data_dir: Path = Path("./var")
    unknown_peers: Literal["accept", "refuse"] = "accept"
    insecure: bool = False
    timezone: str = "system"


class DatabaseSection(Section):
    """Where the rows live."""

    url: str = "sqlite:///./var/node.db"


class RetentionSection(Section):
    """How long files are kept."""

    received: Seconds = 30 * 86400.0
    derived: Seconds = 30 * 86400.0
    previews: Seconds = 90 * 86400.0


class StorageSection(Section):
    """Disk limits."""

    min_free_gb: Annotated[float, Field(ge=0)] = 5.0
    reserve_gb: Annotated[float, Field(ge=0)] = 1.0
    retention: RetentionSection = RetentionSection()


class Peer(Section):
    """A system that may call the node."""

    name: Name
    ae_title: AeTitle
    host: str | None = None
    may: tuple[Literal["echo", "store", "find", "move"], ...] = ("echo", "store")
    releases_when_complete: bool = False
    idle: Seconds = 600.0
    associations: Annotated[int, Field(ge=1, le=100)] = 25


class DestinationSection(Section):
    """A system that results and originals are sent to."""

    name: Name
    ae_title: AeTitle
    host: str
    port: Port
    associations: Annotated[int, Field(ge=1, le=16)] = 1
    verify_identity: bool = True
    confirm: bool = False
    iocm: bool = False
    syntax: Literal["explicit", "jpeg-ls", "jpeg-2000"] = "explicit"


class DeliverSection(Section):
    """How results are sent."""

    originals_first: Seconds = 900.0
    first_retry: Seconds = 30.0
    longest_retry: Seconds = 1800.0
    give_up: Seconds = 86400.0


class CompletionSection(Section):
    """How long a series must have been still before it is cut."""

    quiet: Seconds = 15.0
    released: Seconds = 3.0
    full: Seconds = 1.0
    hole: Seconds = 60.0
    missing: Seconds = 600.0
    settle: Seconds = 120.0


class RoutingSection(Section):
    """Guards before the rules."""

    max_age_days: Annotated[int, Field(ge=0)] = 7


class PipelineSection(Section):
    """Settings of one pipeline at this site."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"


class ExecutorSection(Section):
    """Where jobs run."""

    kind: Literal["local"] = "local"
    workers: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = "auto"


class WebSection(Section):
    """Where pages are served."""

    host: str = "127.0.0.1"
    port: Port = 8042


class ProvenanceSection(Section):
    """How the chain of events is sealed."""

    checkpoint_every: Seconds = 3600.0
    checkpoint_to: Path | None = None


class Config(Section):
    """The whole file."""

    node: NodeSection = NodeSection()
    database: DatabaseSection = DatabaseSection()
    storage: StorageSection = StorageSection()
    peers: tuple[Peer, ...] = ()
    destinations: tuple[DestinationSection, ...] = ()
    deliver: DeliverSection = DeliverSection()
    completion: CompletionSection = CompletionSection()
    routing: RoutingSection = RoutingSection()
    pipelines: dict[str, PipelineSection] = Field(default_factory=dict)
    executor: ExecutorSection = ExecutorSection()
    provenance: ProvenanceSection = ProvenanceSection()
    web: WebSection = WebSection()
    rules: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        for kind, named in (("peers", self.peers), ("destinations", self.destinations)):
            names = [item.name for item in named]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{kind}: the name {sorted(twice)[0]} is used twice")
        if self.node.unknown_peers == "accept" and not is_loopback(self.node.host) and not self.node.insecure:
            raise ValueError(
                "node.unknown_peers: accept on a host other than loopback lets anyone send; "
                "list the peers and say refuse, or write node.insecure: yes beside it"
            )
        if not is_loopback(self.web.host):
            raise ValueError("web.host: only a loopback address is served until users exist")
        if self.web.port and self.web.port == self.node.port:
            raise ValueError("web.port: node.port is the same; pages and DICOM need a port each")
        if not self.database.url.startswith(SQLITE):
            raise ValueError(f"database.url: only SQLite files, written {SQLITE}FILE")
        return self

    def destination(self, name: str) -> DestinationSection | None:
        """Return the destination of that name."""
        return next((item for item in self.destinations if item.name == name), None)

    def peer_of(self, ae_title: str) -> Peer | None:
        """Return the first peer with that AE title."""
        return next((item for item in self.peers if item.ae_title == ae_title), None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def seconds(value: float) -> timedelta:
    """Return a duration."""
    return timedelta(seconds=value)
