"""The archive: studies come from where they live, priors answer questions, results go back."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
