"""What a reader decides about the joints: made only where the anatomy agrees, and never lost.

:mod:`~fusion.annotations.spine` computes side and level of a point,
:mod:`~fusion.annotations.target` holds one decision, :mod:`~fusion.annotations.reading` all
decisions of one reader about one study, :mod:`~fusion.annotations.journal` keeps them, and
:mod:`~fusion.annotations.blocks` names the nerves that supply the positive joints.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
