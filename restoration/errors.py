"""The error tree of the restoration package. Pure.

RestorationError
├── BundleError        a bundle is missing, incomplete, or its weights are not those of its card
├── DeviceError        a device is unknown or not there
├── OutOfMemory        not even the smallest piece of a picture fits into the memory
└── InputError         a volume cannot be processed at all (shape, unit, not a number)
"""


class RestorationError(Exception):
    """What happened, to which object, and what to do about it.

    Parameters
    ----------
    happened
        One sentence without the subject.
    subject
        The bundle, file or volume it happened to.
    remedy
        What a person can do.
    """

    def __init__(self, *, happened: str, subject: str, remedy: str) -> None:
        super().__init__(f"{subject}: {happened}. {remedy}")
        self.happened = happened
        self.subject = subject
        self.remedy = remedy


class BundleError(RestorationError):
    """A bundle is missing, incomplete, or its weights are not those its card names."""


class DeviceError(RestorationError):
    """A device that is unknown, or that this machine does not have."""


class OutOfMemory(RestorationError):
    """Not even the smallest piece of a picture fits into the device's memory now; later it may."""


class InputError(RestorationError):
    """A volume that no pipeline can process: wrong shape, wrong unit, values that are no numbers."""
