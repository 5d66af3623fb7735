"""What a series is besides a picture of signal, as far as headers tell. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from dicom_node.decide.headers import Headers
from dicom_node.domain.reasons import Reason, reason

_PHASE = {"P", "R", "I", "PHASE", "PHASE MAP", "REAL", "IMAGINARY", "MIXED"}
_MAPS = {
    "ADC", "EADC", "FA", "TRACEW", "T1 MAP", "T2 MAP", "T2 STAR MAP", "R2 MAP", "R2_STAR MAP", "B0 MAP", "B1 MAP",
    "RCBF", "RCBV", "CBF", "CBV", "MTT", "TTP", "TMAX", "PERMEABILITY", "RELCBF", "RELCBV",
}  # fmt: skip
_DIFFUSION = {"DIFFUSION", "TRACEW", "ADC", "EADC", "FA"}
_DIFFUSION_NAME = re.compile(r"\b(dwi|dti|diff(usion)?|adc)\b|ep2d_diff|ep_b\d", re.IGNORECASE)
_TIMES = {"PERFUSION", "FMRI", "FUNCTIONAL", "ASL", "PERF"}
_TIMES_NAME = re.compile(r"(?<![a-z])(fmri|bold|perfusion|asl|pcasl|dsc|dce|resting.?state)(?![a-z])", re.IGNORECASE)
_ENERGIES = {"VMI", "IODINE", "ZEFF", "Z EFFECTIVE", "VNC", "MONOENERGETIC", "MONO", "MATERIAL SPECIFIC"}
_ENERGIES_NAME = re.compile(r"iodine|z.?eff|mono.?e(nergetic)?\b|virtual.?non.?contrast|\bvnc\b|mono\+", re.IGNORECASE)
_VENDOR_NAME = re.compile(
    r"idose|\bimr\b|asir|safire|admire|\baidr|aice|true ?fidelity|dlir"
    r"|precise image|\bveo\b|\bqir\b|deep resolve|air recon dl|smartspeed (precise|ai)|clear-?ix|subtlemr",
    re.IGNORECASE,
)
_ITERATIVE_KERNEL = re.compile(r"I\d\d[a-z]", re.IGNORECASE)


def phase(headers: Headers) -> Reason | None:
    """Recognise phase, real and imaginary images by Image Type (PS3.3 C.8.3.1.1.1)."""
    complex_part = headers.words("ComplexImageComponent") & {"PHASE", "REAL", "IMAGINARY", "MIXED"}
    return reason("phase") if complex_part or contrast_words(headers) & _PHASE else None


def parametric_map(headers: Headers) -> Reason | None:
    """Recognise images whose values are a computed quantity."""
    found = contrast_words(headers) & _MAPS
    return reason("parametric map", hint=min(found)) if found else None


def diffusion(headers: Headers) -> Reason | None:
    """Recognise diffusion weighting; a b-value of zero alone is none (one maker writes it into every image)."""
    weighted = any(number > 0 for key in ("_b_value", "DiffusionBValue") for number in headers.numbers(key))
    named = any(_DIFFUSION_NAME.search(headers.text(key)) for key in ("SequenceName", "SeriesDescription"))
    return reason("diffusion") if weighted or named or contrast_words(headers) & _DIFFUSION else None


def functional(headers: Headers) -> Reason | None:
    """Recognise series whose point is the change over time."""
    words = contrast_words(headers) & _TIMES
    hint = min(words) if words else _named(_TIMES_NAME, headers, "SeriesDescription", "ProtocolName")
    times = max(headers.numbers("NumberOfTemporalPositions"), default=1)
    if not hint and times > 1:
        hint = f"{times:g} temporal positions"
    return reason("functional", hint=hint) if hint else None


def multi_energy(headers: Headers) -> Reason | None:
    """Recognise results of several X-ray energies."""
    words = contrast_words(headers) & _ENERGIES
    hint = min(words) if words else _named(_ENERGIES_NAME, headers, "SeriesDescription")
    return reason("multi-energy", hint=hint) if hint else None


def vendor_restored(headers: Headers) -> Reason | None:
    """Recognise names of the makers' iterative and learned reconstructions.

    A kernel that begins with I (``I30f``) or has a strength as second value (``Br38f``, ``3``) is one maker's way.
    """
    hint = _named(_VENDOR_NAME, headers, "SeriesDescription", "ProtocolName", "ReconstructionAlgorithm", "FilterType")
    for kernel in headers.present("ConvolutionKernel"):
        strength = len(kernel) > 1 and kernel[1].isdigit()
        if strength or _ITERATIVE_KERNEL.fullmatch(kernel[0]) or _VENDOR_NAME.search(" ".join(kernel)):
            hint = hint or f"kernel {' '.join(kernel)}"
    return reason("vendor-restored", hint=hint) if hint else None


BY_NAME: Final[Mapping[str, Callable[[Headers], Reason | None]]] = {
    "phase": phase,
    "map": parametric_map,
    "diffusion": diffusion,
    "functional": functional,
    "perfusion": functional,
    "multi-energy": multi_energy,
    "vendor-restored": vendor_restored,
}
"""What a card may refuse by name; what it may not be asked to accept is refused always, by `eligibility`."""


def contrast_words(headers: Headers) -> set[str]:
    """Return the values of Image Type from the third on, in capitals."""
    return {part.upper() for value in headers.present("ImageType") for part in value[2:] if part}


def _named(pattern: re.Pattern[str], headers: Headers, *keywords: str) -> str:
    for keyword in keywords:
        found = pattern.search(headers.text(keyword))
        if found:
            return found.group(0)
    return ""
