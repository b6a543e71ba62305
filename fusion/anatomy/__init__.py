"""The vocabulary of the neck: vertebrae, sides, levels, joints, and their codes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
