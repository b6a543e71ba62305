"""How the window answers the hand: where the time of a scroll step goes, and what blocks."""
