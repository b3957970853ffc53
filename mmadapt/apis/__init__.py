"""Python inference with task files."""

from .inputs import find_inputs, kind_of
from .task import Prediction, TaskModel, load_task, predict

__all__ = ['Prediction', 'TaskModel', 'find_inputs', 'kind_of', 'load_task', 'predict']
