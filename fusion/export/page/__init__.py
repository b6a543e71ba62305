"""One page that opens anywhere: the report with the neck in three planes that a reader can move."""
