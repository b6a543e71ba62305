"""``python -m fusion.cli``: the same as ``facetfusion``."""

import sys

from fusion.cli import main

sys.exit(main())
