"""facetfusion: review of fused bone SPECT/CT of the neck.

Research and education software. Not a medical device.

>>> import fusion
>>> review = fusion.open_study("path/to/dicom")  # doctest: +SKIP
>>> review.fused.sample_at(review.fused.focus_lps)  # doctest: +SKIP
"""

import lazy_loader

# Each name is imported when first asked for: ``facetfusion --help`` waits for no large library.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
