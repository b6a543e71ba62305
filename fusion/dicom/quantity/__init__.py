"""What a stored value means: unit, SUV, decay, attenuation."""
