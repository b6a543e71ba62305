"""Many studies: each measured once in a process of its own, and one row for every pair."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
