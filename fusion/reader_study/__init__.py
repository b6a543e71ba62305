"""Reader studies: who reads which case when, without knowing whose, and how far they agree."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
