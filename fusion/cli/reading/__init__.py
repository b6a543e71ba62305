"""Commands about what readers decided: list it, check its journal, take it in."""
