"""Commands that ask a network of pipes."""
