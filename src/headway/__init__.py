"""Deep networks that actually train."""
