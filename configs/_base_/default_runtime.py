"""What every run has in common, image or video; the leaf config says default_scope."""

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AdapterCheckpointHook', interval=1, max_keep_ckpts=1, save_best='auto'
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    frozen_trunk=dict(type='FrozenTrunkHook'),
    finite=dict(type='FiniteHook'),
    data_wait=dict(type='DataWaitHook'),
    broken_data=dict(type='BrokenDataHook'),
)

# Ranks keep the running statistics of the head's BatchNorm together.
custom_hooks = [dict(type='SyncTrainedBuffersHook')]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

log_processor = dict(window_size=20, by_epoch=True)
log_level = 'INFO'
randomness = dict(seed=0, diff_rank_seed=True)
load_from = None
resume = False
