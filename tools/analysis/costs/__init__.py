"""What a method costs on a config: counted, measured, and at the least."""
