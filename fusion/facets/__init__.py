"""The facet joints: finding them on a CT, and saying how far to trust their level."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
