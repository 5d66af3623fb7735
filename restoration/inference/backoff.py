"""How much is run at once, and less of it after every allocation that failed. Pure."""

from dataclasses import dataclass, replace

from restoration.errors import OutOfMemory
from restoration.inference.tiling import Grid


@dataclass(frozen=True, kw_only=True)
class Portion:
    """What a network is given at once.

    Attributes
    ----------
    slices
        Pictures of a batch.
    side
        Longest side of a picture or tile [pixels].
    """

    slices: int
    side: int

    def smaller(self, *, longest: int, grid: Grid) -> "Portion":
        """Return half the batch, of one picture half the side.

        Parameters
        ----------
        longest
            Longest side of the pictures [pixels].
        grid
            How they may be cut.

        Raises
        ------
        OutOfMemory
            It is the smallest portion already.
        """
        if self.slices > 1:
            return replace(self, slices=self.slices // 2)
        side = min(self.side, longest)
        if side <= grid.smallest_side:
            raise OutOfMemory(
                happened=f"a tile of {side} × {side} pixels does not fit into the memory",
                subject="network",
                remedy="Free memory, or give another device, and try again.",
            )
        return replace(self, side=max(side // 2, grid.smallest_side))
