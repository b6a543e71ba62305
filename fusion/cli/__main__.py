"""``python -m fusion.cli``: the same as ``facetfusion``."""

from fusion.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
