"""Python inference with task files."""

from .inputs import find_inputs, kind_of
from .requests import predict_tasks
from .task import Prediction, TaskModel, load_task, predict
from .tasks import Tasks, load_tasks

__all__ = [
    'Prediction',
    'TaskModel',
    'Tasks',
    'find_inputs',
    'kind_of',
    'load_task',
    'load_tasks',
    'predict',
    'predict_tasks',
]
