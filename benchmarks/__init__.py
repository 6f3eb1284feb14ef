"""What the speed claims rest on: each prints ratios against the alternative, measured in the same process."""
