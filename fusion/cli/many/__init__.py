"""Commands about many studies."""
