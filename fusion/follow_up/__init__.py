"""Two dates of one patient: linked joint by joint, and what changed, with its limits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
