"""How far readers agree: short formulas on numpy, and intervals that resample patients."""
