"""The fused planes, drawn by ourselves: one picture a plane, made at the screen's resolution."""
