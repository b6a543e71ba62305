# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .resampler import Interpolation, Resampler, resampled_in_parts

__all__ = ["Interpolation", "Resampler", "resampled_in_parts"]
