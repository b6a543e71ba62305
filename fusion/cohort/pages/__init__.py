"""What people look at: the page of a cohort, its plots, and a page for each study."""
