"""What changed between two versions of the zones, and what that means for open incidents (责任调整)."""
