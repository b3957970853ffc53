"""A trunk dealt out over the processes, and task files that don't show it."""

from __future__ import annotations

from typing import Any

from mmengine._strategy import DDPStrategy
from mmengine.device import get_device
from mmengine.dist import get_world_size, is_distributed
from mmengine.optim import OptimWrapperDict
from mmengine.registry import STRATEGIES
from torch import nn

from ..errors import ConfigError
from ..optim.fused import own_choices
from ..sharding import full, like, shard
from ..weights.task_file import check_task_state, task_keys
from .files import TaskFiles

__all__ = ['ShardedStrategy']


@STRATEGIES.register_module()
class ShardedStrategy(TaskFiles, DDPStrategy):
    """Fully sharded data parallelism for MMEngine's FlexibleRunner.

    ``runner_type='FlexibleRunner'`` and ``strategy=dict(type='ShardedStrategy')`` in a
    config: each process keeps its part of the frozen trunk, see
    :func:`mmadapt.sharding.shard`. MMEngine's own FSDPStrategy needs a GPU, makes
    gradients for the frozen part of a block too, and gathers the whole trunk to save;
    here only what a task file holds is gathered, and the files are those of any other
    run. They are loaded and resumed by any number of processes.

    Raises:
        ConfigError: No launcher, or several optimizers.
    """

    def _wrap_model(self, model: nn.Module) -> nn.Module:
        if not is_distributed():
            raise ConfigError(
                'ShardedStrategy deals the trunk out over several processes: start '
                'it through tools/dist_train.sh or tools/slurm_train.sh.'
            )
        device = get_device()
        model = self.convert_model(model)
        return shard(model, device, get_world_size()).to(device)

    def build_optim_wrapper(
        self, optim_wrapper: Any, model: nn.Module | None = None
    ) -> Any:
        """Build one optimizer, see MMEngine's BaseStrategy.

        Args:
            optim_wrapper: Its config.
            model: Whose parameters it steps.

        Raises:
            ConfigError: Several optimizers.
        """
        built = super().build_optim_wrapper(optim_wrapper, model)
        if isinstance(built, OptimWrapperDict):
            raise ConfigError(
                'ShardedStrategy saves and resumes one optimizer, and the config has '
                f'several: {", ".join(built.keys())}. Give their groups to one, by '
                'optim_wrapper.paramwise_cfg.custom_keys.'
            )
        return built

    def model_state_dict(self) -> dict[str, Any]:
        """What a task file holds, whole; the frozen trunk isn't gathered."""
        keys = task_keys(self.model)
        state = self.model.state_dict()
        return {name: full(state[name]) for name in sorted(keys & state.keys())}

    def optim_state_dict(self) -> dict[str, Any]:
        """The state of an optimizer over the whole tensors."""
        gathered: dict[str, Any] = full(self.optim_wrapper.state_dict())
        return gathered

    def load_model_state_dict(
        self,
        state_dict: dict[str, Any],
        *,
        strict: bool = False,
        revise_keys: list[Any] | None = None,
    ) -> None:
        """Load a task file, whole in every process, into the parts.

        Args:
            state_dict: Its weights.
            strict: As in torch.
            revise_keys: Of no use here.

        Raises:
            TaskFileError: It isn't this model's task; the model is untouched.
        """
        check_task_state(self.model, state_dict)
        own = self.model.state_dict()
        self.model.load_state_dict(like(own, state_dict), strict=strict)

    def load_optim_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of an optimizer over whole tensors.

        Args:
            state_dict: What :meth:`optim_state_dict` gave, in any number of processes.
        """
        wrapper = self.optim_wrapper
        parameters = [p for group in wrapper.param_groups for p in group['params']]
        state = {
            index: like(dict.fromkeys(entry, parameters[index]), entry)
            for index, entry in state_dict['state'].items()
        }
        # Fused kernels, which the file may have been trained by, are for whole tensors.
        groups = own_choices(wrapper.param_groups, state_dict['param_groups'])
        loaded = {**state_dict, 'state': state, 'param_groups': groups}
        wrapper.load_state_dict(loaded)
