"""The trunk partitioned by DeepSpeed's ZeRO-3, and task files that don't show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from mmengine._strategy import DeepSpeedStrategy
from mmengine.dist import is_distributed
from mmengine.registry import STRATEGIES
from torch import nn

from ..errors import ConfigError
from ..optim.zero import ZeroOptimWrapper
from ..precision import stored
from ..weights.task_file import check_task_state, task_keys
from ..wrapping import unwrapped
from .files import TaskFiles
from .zero_state import load_states, states

__all__ = ['ZeroStrategy']

STAGE_3 = {
    'stage': 3,
    # Small parameters would stay whole beside their parts, and go on with the values
    # from before a file was loaded.
    'stage3_param_persistence_threshold': 0,
}


@STRATEGIES.register_module()
class ZeroStrategy(TaskFiles, DeepSpeedStrategy):
    """`ZeRO, stage 3 <https://arxiv.org/abs/1910.02054>`_ by DeepSpeed.

    ``runner_type='FlexibleRunner'`` and ``strategy=dict(type='ZeroStrategy')`` in a
    config: each process keeps its part of the frozen trunk, and of the optimizer's
    states. MMEngine's own DeepSpeedStrategy writes a folder of parts for each process;
    here only what a task file holds is gathered, and the files are those of any other
    run. Training is in float32.

    Args:
        gradient_clipping: Norm that gradients are cut to; 0 leaves them.
        zero_optimization: Options of DeepSpeed's stage 3, over ours.
        strategy: Those of every strategy of MMEngine.

    Raises:
        ConfigError: DeepSpeed is absent, another stage, no launcher, or an optimizer
            wrapper that does more than to update.
    """

    def __init__(
        self,
        *,
        gradient_clipping: float = 0.0,
        zero_optimization: Mapping[str, Any] | None = None,
        **strategy: Any,
    ) -> None:
        if find_spec('deepspeed') is None:
            raise ConfigError(
                'ZeroStrategy needs DeepSpeed: pip install "mmadapt[deepspeed]". '
                "strategy=dict(type='ShardedStrategy') deals the trunk out without it."
            )
        options = {**STAGE_3, **(zero_optimization or {})}
        if options['stage'] != 3:
            raise ConfigError(
                f'zero_optimization.stage={options["stage"]!r}: only stage 3 deals out '
                'a frozen trunk.'
            )
        # DeepSpeedStrategy's own constructor imports optimizers that DeepSpeed dropped.
        super(DeepSpeedStrategy, self).__init__(**strategy)
        self.config = {
            'zero_optimization': options,
            'gradient_clipping': gradient_clipping,
            'gradient_accumulation_steps': 1,
            'zero_allow_untested_optimizer': True,
            'steps_per_print': 10**13,  # never
        }
        self._inputs_to_half = None

    def prepare(self, model: Any, *, optim_wrapper: Any = None, **rest: Any) -> Any:
        """Build and partition, as :class:`mmengine._strategy.DeepSpeedStrategy` does.

        Args:
            model: The model or its config.
            optim_wrapper: The config of an ordinary optimizer wrapper.
            rest: Schedules and what else MMEngine's own takes.
        """
        if isinstance(optim_wrapper, dict):
            optim_wrapper = zero_wrapper(optim_wrapper)
        return super().prepare(model, optim_wrapper=optim_wrapper, **rest)

    def build_optim_wrapper(self, optim_wrapper: Any, model: Any = None) -> Any:
        """Build it, and scale the learning rate where the config says so."""
        self.optim_wrapper = super().build_optim_wrapper(optim_wrapper, model)
        self._scale_lr()
        return self.optim_wrapper

    def _wrap_model(self, model: nn.Module) -> Any:
        if stored(model):
            raise ConfigError(
                "frozen_dtype='bfloat16': DeepSpeed gives a whole model one number "
                "type. Leave it out, or take strategy=dict(type='ShardedStrategy')."
            )
        if not is_distributed():
            raise ConfigError(
                'ZeroStrategy deals the trunk out over several processes: start it '
                'through tools/dist_train.sh or tools/slurm_train.sh.'
            )
        size = self.dispatch_kwargs.get('train_micro_batch_size_per_gpu', 1)
        self.config.setdefault('train_micro_batch_size_per_gpu', size)
        return super()._wrap_model(model)

    def gathered(self, names: Iterable[str] = (), source: int | None = None) -> Any:
        """A context in which what trains is whole in every process.

        Args:
            names: Frozen parameters that are gathered too.
            source: Process whose changes all of them take over; None drops changes.
        """
        from deepspeed.runtime.zero import GatheredParameters

        model = unwrapped(self.model)
        wanted = {*task_keys(model), *names}
        found = [p for name, p in model.named_parameters() if name in wanted]
        return GatheredParameters(found, modifier_rank=source)

    def model_state_dict(self) -> dict[str, Any]:
        """What a task file holds, whole; the frozen trunk isn't gathered."""
        model = unwrapped(self.model)
        keys = task_keys(model)
        with self.gathered():
            state = model.state_dict()
            return {
                name: state[name].detach().cpu().clone()
                for name in sorted(keys & state.keys())
            }

    def optim_state_dict(self) -> dict[str, Any]:
        """The state of an optimizer over the whole tensors."""
        return {**self.optim_wrapper.state_dict(), **states(self.optim_wrapper)}

    def load_checkpoint(
        self,
        filename: str,
        *,
        callback: Callable[[dict[str, Any]], None] | None = None,
        **rest: Any,
    ) -> dict[str, Any]:
        """Load a file, which the hooks compare with whole tensors.

        Args:
            filename: Which.
            callback: The hooks.
            rest: What else :class:`mmengine._strategy.SingleDeviceStrategy` takes.
        """

        def compare(checkpoint: dict[str, Any]) -> None:
            if callback is not None:
                with self.gathered(checkpoint.get('state_dict', ())):
                    callback(checkpoint)

        loaded: dict[str, Any] = super().load_checkpoint(
            filename, callback=compare, **rest
        )
        return loaded

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
            strict: Of no use here: a task file is checked, name by name.
            revise_keys: Of no use here.

        Raises:
            TaskFileError: It isn't this model's task; the model is untouched.
        """
        model = unwrapped(self.model)
        keys = task_keys(model)
        task = {name: value for name, value in state_dict.items() if name in keys}
        with self.gathered(state_dict, source=0):
            check_task_state(model, state_dict)
            model.load_state_dict(task, strict=False)
        if hasattr(self, 'optim_wrapper'):
            # The optimizer steps copies of its own.
            self.optim_wrapper.optimizer.refresh_fp32_params()

    def load_optim_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of an optimizer over whole tensors.

        Args:
            state_dict: What any run saved, in any number of processes.

        Raises:
            TaskFileError: Parameters that were updated a different number of times.
        """
        load_states(self.optim_wrapper, state_dict)
        self.optim_wrapper.load_state_dict(dict(state_dict))


def zero_wrapper(config: Mapping[str, Any]) -> dict[str, Any]:
    """An ordinary optimizer wrapper's config, as DeepSpeed's.

    Raises:
        ConfigError: It does what DeepSpeed does itself, or can't.
    """
    ours = ZeroOptimWrapper.__name__
    kind = config.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', ours):
        raise ConfigError(
            f'optim_wrapper.type={kind!r}: ZeroStrategy trains in float32; take the '
            "type out of the config, or take strategy=dict(type='ShardedStrategy')."
        )
    refused = {
        'clip_grad': 'strategy.gradient_clipping=NORM is its place',
        'accumulative_counts': 'ZeroStrategy accumulates no gradients',
    }
    for name, remedy in refused.items():
        if config.get(name) not in (None, 1):
            raise ConfigError(f'optim_wrapper.{name}={config[name]!r}: {remedy}.')
    allowed = {name: v for name, v in config.items() if name not in refused}
    return {**allowed, 'type': ours}
