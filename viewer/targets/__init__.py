"""Targets: suggest, decide, plan, finish."""
