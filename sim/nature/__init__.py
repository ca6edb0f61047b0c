"""Nature: noise, and shocks as they strike."""
