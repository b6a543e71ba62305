"""Cohorts: made studies, and what a run of many has to stand."""
