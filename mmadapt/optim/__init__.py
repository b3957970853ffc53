"""Optimizer wrappers, constructors and schedules."""
