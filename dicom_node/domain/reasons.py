"""Why something did not go the usual way: one table of codes and sentences. Pure.

Pages, command line and documentation speak from this table; a sentence's braces are filled by `Reason.values`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class ReasonRow:
    """One row: the sentence, who acts (``node``, ``operator``, ``administrator``, ``radiologist``, ``nobody``)."""

    sentence: str
    acts: str


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A code of the table with the values of its sentence.

    Raises
    ------
    KeyError
        The code is not in the table, or a brace of its sentence has no value.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The sentence with its values."""
        return TABLE[self.code].sentence.format(**self.values)

    @property
    def acts(self) -> str:
        """Who acts."""
        return TABLE[self.code].acts


def reason(code: str, /, **values: object) -> Reason:
    """Build a reason and check that its sentence can be spoken."""
    made = Reason(code=code, values=values)
    made.sentence  # noqa: B018  speaking it once proves that every brace has a value
    return made


_ROWS: Final = """
# registering
unreadable            | operator      | the object cannot be read: {detail}
no identity           | operator      | the object has no {attribute}
uid invalid           | operator      | {attribute} is not a UID of at most 64 printable characters: {value}
command differs       | operator      | the data set's {attribute} differs from the one announced on the wire
receipt wrong         | operator      | the file's receipt does not match its content
conflict pixels       | operator      | the same SOP Instance UID came with other pixels
conflict identity     | operator      | the same SOP Instance UID came with another patient or study
conflict geometry     | operator      | the same SOP Instance UID came with another series or geometry
conflict content      | operator      | the same SOP Instance UID came with other content
# deciding
no rule               | nobody        | no rule wants this series
rule only forwards    | nobody        | the rule «{rule}» restores nothing
own result            | nobody        | this series was derived by a restoration node (loop guard)
prior                 | administrator | Study Date {date} is older than routing.max_age_days: {days}
incomplete            | operator      | the series is incomplete and the rule «{rule}» refuses that
conflict open | operator | an instance of this series is in conflict; nothing is restored until that is settled
generative            | administrator | {pipeline} may draw structure and the rule «{rule}» does not allow that
pipeline unknown      | administrator | there is no pipeline «{pipeline}»
modality              | nobody        | {pipeline} takes {wanted}, this is {found}
SOP class             | nobody        | {pipeline} does not take objects of the class {found}
not derived yet | nobody | this node does not write derived series of {what} yet; {pipeline} takes volumes only
localizer             | nobody        | localizer images are never restored
capture               | nobody        | a secondary capture or screen page, not an acquired image
derived               | nobody        | the series is derived already ({image_type})
image type missing    | nobody        | Image Type does not say ORIGINAL
vendor-restored       | nobody        | the maker has restored or filtered this series already ({hint})
mosaic                | nobody        | mosaic images are left alone
phase                 | nobody        | phase, real or imaginary images are no magnitude images
parametric map        | nobody        | a parametric map ({hint}), not a picture of signal
reprojection          | nobody        | reprojected views are no slices
multi-energy          | nobody        | a multi-energy result ({hint}), not a conventional image
diffusion             | nobody        | diffusion images are measured from their noise and left alone
functional            | nobody        | functional or perfusion images are left alone ({hint})
multi-frame           | nobody        | multi-frame objects are stored and not restored yet
no pixels             | nobody        | the objects hold no Pixel Data
colour                | nobody        | colour images are left alone
burned-in text        | nobody        | text is burned into the pixels
lossy                 | nobody        | the images were compressed with loss
syntax not decodable  | nobody        | no decoder is installed for the transfer syntax {syntax}
pixel data too short  | operator      | Pixel Data is shorter than its attributes say
pixel format          | nobody        | the pixel format is not handled: {detail}
overlay               | nobody        | an overlay lies inside the pixel words
encrypted             | nobody        | the objects hold encrypted attributes
units                 | nobody        | the values are not in {wanted}: {detail}
rescale missing       | nobody        | Rescale Slope and Intercept are missing, so the values have no unit
geometry missing      | nobody        | position, orientation or spacing is missing
orientation invalid   | nobody        | Image Orientation is not two orthogonal unit vectors
mixed orientation     | nobody        | the series mixes orientations or matrices ({count} stacks)
mixed stacks          | nobody        | the series holds {count} stacks ({keys}); it is restored whole or not at all
mixed Frame of Reference | nobody     | the series mixes Frames of Reference
mixed patient         | operator      | the series mixes patients
incomplete time series | nobody       | {images} images lie at {positions} positions: a time series that is not complete
several images at one position | nobody | {images} images lie at {positions} positions
irregular spacing     | nobody        | the slices are not evenly spaced ({low} to {high} mm): only slice-wise pipelines
slice missing         | nobody        | a slice is missing at {position} mm: only slice-wise pipelines
gaps | nobody | the slices are {spacing} mm apart, {thickness} mm thick: only slice-wise pipelines
two-dimensional | nobody | {pipeline} adds slices, which only a 3D acquisition holds; MR Acquisition Type is {found}
interpolated slices | nobody | slices of {thickness} mm every {spacing} mm were interpolated by the scanner
slice distance | nobody | new slices would lie {found} pixels apart, outside {low} to {high} of {pipeline}
gantry tilt           | nobody        | gantry tilt {degrees}° needs a slice-wise pipeline
too few slices        | nobody        | {found} slices, {pipeline} needs {wanted}
spacing range         | nobody        | pixel spacing {found} mm lies outside {low} to {high} mm of {pipeline}
thickness range       | nobody        | slice thickness {found} mm lies outside {low} to {high} mm of {pipeline}
matrix range          | nobody        | the matrix {found} lies outside {low} to {high} of {pipeline}
# restoring
domain                | nobody        | outside what the pipeline was made for: {figures}
withheld              | radiologist   | withheld by the guard: {figures}
review                | radiologist   | waits for a person to release it
released              | nobody        | released by {who}: {why}
result rejected       | nobody        | the result was rejected by {who}: {why}
recipe gone           | node          | the pipeline named by this job is another one now; the job is planned anew
bundle broken         | administrator | the bundle cannot be used: {detail}
source gone           | operator      | a source file cannot be read: {detail}
failed                | operator      | the attempt failed: {detail}
worker lost           | operator      | three workers died on this job
superseded            | nobody        | a later cut of the series replaced this one
rejected              | nobody        | the source was rejected by a note ({code})
cancelled             | nobody        | cancelled by {who}: {why}
not read back         | operator      | the stored derived files are not what was to be written: {detail}
# delivering
originals first | operator | the destination does not know this study: delivery {delivery} of its originals is {state}
identity differs      | operator      | {attribute} is «{ours}» here and «{theirs}» at the destination
identity cannot be asked | operator   | the destination did not answer who the patient is: {detail}
study unknown         | operator      | the destination does not know this study after {minutes} minutes
expired               | radiologist   | the result came later than the rule allows; the report may be written
destination unknown   | administrator | the destination «{destination}» is not in the configuration
destination down      | node          | {detail}; tried again at {at}
refused by destination | operator     | the destination refused: {detail}
given up              | operator      | not delivered within {hours} hours of trying: {detail}
"""


def _parse(rows: str) -> Mapping[str, ReasonRow]:
    table = {}
    for line in rows.strip().splitlines():
        if not line.startswith("#"):
            code, acts, sentence = (part.strip() for part in line.split("|", 2))
            table[code] = ReasonRow(sentence=sentence, acts=acts)
    return MappingProxyType(table)


TABLE: Final[Mapping[str, ReasonRow]] = _parse(_ROWS)

FOR_THE_ADMINISTRATOR: Final = ("bundle broken", "pipeline unknown")
"""Refusals that are no property of a series: every one that comes meets them until somebody acts, and a job refused so
can be retried."""
