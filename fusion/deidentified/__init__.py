"""A study and its reading without identity, so that everything made from them has none.

Nothing that is written is cleaned afterwards: headers, findings, names and notes lose what
identifies before a single file is made (:func:`fusion.deidentified.review.deidentified_review`,
:func:`fusion.deidentified.reading.deidentified_reading`), and pictures, reports, tables and DICOM
objects are then made as always. What remains for :mod:`fusion.deidentified.files` are the moments
at which objects were made, and copies of the images.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
