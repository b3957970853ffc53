"""Python inference with task files."""

from .inputs import find_inputs
from .task import Prediction, TaskModel, load_task, predict

__all__ = ['Prediction', 'TaskModel', 'find_inputs', 'load_task', 'predict']
