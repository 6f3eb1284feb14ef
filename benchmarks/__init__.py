"""The measurements behind the speed claims: ratios against the alternative, measured in the same process."""
