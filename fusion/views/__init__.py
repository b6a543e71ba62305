"""Pictures computed from a study: projections, C-arm views and oblique planes, with their pose."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
