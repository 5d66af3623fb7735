"""Gate «domain», where slices are added: whether the stack holds what lies between its slices. Pure.

Only a stack that is one acquisition in three dimensions does, as measured and evenly spaced; that it is one stands in
its header, which the node reads.

A new slice may have another mean than its neighbours predict, just as a new pixel may have another value: what was
measured along the slices is kept, not what each slice holds. Results are therefore judged in cuts that hold the slice
axis, as results in plane are judged in slices.
"""

from dataclasses import replace

import numpy as np

from restoration.card import Card
from restoration.guard.domain import GATE
from restoration.guard.fill import slice_fill
from restoration.guard.verdict import Figure, Place
from restoration.volume import Volume


def figures(source: Volume, card: Card) -> tuple[Figure, ...]:
    """Count the slices, and measure their distance and the fill of k-space along them; empty where none are added."""
    if card.factors[0] == 1:
        return ()
    low = card.eligibility.min_slices
    found = [Figure(gate=GATE, name="the number of slices", value=float(len(source.array)), low=float(low))]
    if len(source.array) > 1:
        found += _steps(source, card)
    fill = slice_fill(source.array)
    if card.bounds.fill is not None and fill is not None:
        name = "the filled share of k-space along the slices"
        found.append(Figure(gate=GATE, name=name, value=fill, low=card.bounds.fill[0], high=card.bounds.fill[1]))
    return tuple(found)


def as_judged(volume: Volume, card: Card) -> Volume:
    """Return the volume in pictures along which detail was added: where slices were, its cuts of slice × column."""
    if card.factors[0] == 1:
        return volume
    step = float(np.median(np.diff(volume.positions_mm)))
    row_mm, column_mm = volume.pixel_mm
    return replace(
        volume,
        array=np.ascontiguousarray(volume.array.transpose(1, 0, 2)),
        pixel_mm=(step, column_mm),
        positions_mm=tuple(row_mm * row for row in range(volume.array.shape[1])),
        thickness_mm=row_mm,
        padding=None if volume.padding is None else volume.padding.transpose(1, 0, 2),
    )


def as_told(figure: Figure, card: Card) -> Figure:
    """Say the place of a figure in slices; a whole cut has no place in them."""
    place = figure.place
    if card.factors[0] == 1 or place is None:
        return figure
    if place.row is None:
        return replace(figure, place=None)
    return replace(figure, place=Place(slice_index=place.row, row=place.slice_index, column=place.column))


def _steps(source: Volume, card: Card) -> list[Figure]:
    """Measure the cells of cuts through the finer stack: the network was trained on square pixels."""
    if card.step_ratio is None:
        return []
    step = float(np.median(np.diff(source.positions_mm))) / card.factors[0]
    ratios = [step / pixel for pixel in source.pixel_mm]
    name, (low, high) = "the distance of the new slices", card.step_ratio
    return [Figure(gate=GATE, name=name, value=ratio, low=low, high=high, unit="pixels") for ratio in set(ratios)]
