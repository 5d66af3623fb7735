"""The door to pipelines: kept loaded between jobs until the bundle changes. Touches: bundles (reads), the device."""

from collections.abc import Callable, Mapping

from dicom_node.config.model import PipelineSection
from dicom_node.domain.errors import NodeError
from restoration import registry
from restoration.card import load_card
from restoration.errors import RestorationError
from restoration.guard.spare import Spared, spared
from restoration.restorer import Restorer
from restoration.volume import Volume

Loader = Callable[[str, str], Restorer]
"""Name of a bundle and device to a ready pipeline."""


class BundleBroken(NodeError):
    """A pipeline cannot be loaded: its bundle or its device is not what it should be."""


class CannotRestore(NodeError):
    """A loaded pipeline did not take a volume."""


def load(name: str, device: str) -> Restorer:
    """Load an installed bundle.

    Raises
    ------
    restoration.errors.BundleError, restoration.errors.DeviceError
        The bundle or the device cannot be used.
    """
    return registry.load(name, device=device)


def restore(restorer: Restorer, volume: Volume, *, strength: float) -> Spared:
    """Restore one volume, and give the source back where the change looks like a structure.

    Raises
    ------
    CannotRestore
        The pipeline did not take it.
    """
    try:
        return spared(volume, restorer.restore(volume, strength=strength), restorer.card)
    except RestorationError as error:
        raise CannotRestore(happened=error.happened, subject=error.subject, remedy=error.remedy) from error


class Restorers:
    """Ready pipelines by name.

    Parameters
    ----------
    settings
        The site's settings by pipeline.
    loader
        Makes a pipeline ready.
    """

    def __init__(self, settings: Mapping[str, PipelineSection], *, loader: Loader = load) -> None:
        self._settings = settings
        self._loader = loader
        self._ready: dict[str, Restorer] = {}

    def get(self, name: str) -> Restorer:
        """Return a pipeline as it is installed now, loading it the first time and where the bundle has changed since.

        Raises
        ------
        BundleBroken
            The bundle or the device cannot be used.
        """
        ready = self._ready.get(name)
        try:
            if ready is None or ready.card != load_card(name):
                ready = self._loader(name, self._settings.get(name, PipelineSection()).device)
        except RestorationError as error:
            raise BundleBroken(happened=error.happened, subject=error.subject, remedy=error.remedy) from error
        self._ready[name] = ready
        return ready
