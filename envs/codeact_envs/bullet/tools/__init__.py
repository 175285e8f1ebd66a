"""What programs call, by robot and by tier: the toolboxes that cross into the sandbox."""
