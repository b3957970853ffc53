"""What compile_blocks may say, and what is refused before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from mmadapt.backbones.compiling import set_compile_blocks
from mmadapt.compiling import CompileOptions, check_toolchain, read_options
from mmadapt.errors import ConfigError
from tests.test_recompute.steps import adapted

from .counting import compiled


def test_what_is_read() -> None:
    assert read_options(False) is None
    assert read_options(True) == read_options({}) == CompileOptions()
    given = {
        'backend': 'inductor',
        'dynamic': False,
        'fullgraph': True,
        'options': {'epilogue_fusion': True},
    }
    options = read_options(given)
    assert options is not None
    assert options.as_arguments() == {**given, 'mode': None}
    mode = 'max-autotune-no-cudagraphs'
    assert read_options({'mode': mode}) == CompileOptions(mode=mode)


@pytest.mark.parametrize(
    ('given', 'says'),
    [
        (None, 'compile_blocks=None: False, True, or a dict'),
        (1, 'compile_blocks=1'),
        ('inductor', "compile_blocks='inductor'"),
        ({'backand': 'eager'}, "no option 'backand'.*mean 'backend'"),
        ({'backend': 'inducter'}, "'inducter' is not known.*mean 'inductor'"),
        ({'backend': None}, 'backend=None: a name'),
        ({'fullgraph': 1}, 'fullgraph=1: True or False'),
        ({'dynamic': 'auto'}, "dynamic='auto': True, False or None"),
        ({'mode': 'max-autotun'}, "no 'max-autotun'.*mean 'max-autotune"),
        ({'mode': 'default', 'options': {'debug': True}}, 'mode and options'),
        ({'mode': 'default', 'backend': 'eager'}, 'for backend'),
        ({'mode': 'reduce-overhead'}, "'reduce-overhead': CUDA graphs.*no-cudagraphs"),
        ({'mode': 'max-autotune'}, "'max-autotune': CUDA graphs"),
        ({'backend': 'cudagraphs'}, "'cudagraphs': CUDA graphs"),
        ({'options': {'triton.cudagraphs': True}}, 'CUDA graphs keep one output'),
        ({'options': {'debugg': True}}, "no 'debugg'.*mean 'debug'"),
        ({'options': {'epilogue_fusion': 'yes'}}, 'compile_blocks.options: '),
        ({'options': {'post_grad_fusion_options': {}}}, r'={}: lists and dicts'),
        ({'options': {'rocm.arch': ['gfx90a']}}, r'_inductor.config.rocm.arch before'),
    ],
)
def test_what_cannot_be_obeyed_is_an_error(given: Any, says: str) -> None:
    model, _ = adapted('video', {'bottleneck': 8})
    with pytest.raises(ConfigError, match=says):
        set_compile_blocks(model, given)
    assert not any('block_code' in vars(module) for module in model.modules())


def test_the_one_function_is_never_run_by_a_compiled_block() -> None:
    model, _ = adapted('video', {'bottleneck': 8})
    with pytest.raises(ConfigError, match='fused_mlp=True'):
        set_compile_blocks(model, {'backend': 'eager'}, fused_mlp=True)


def test_a_backbone_without_blocks() -> None:
    with pytest.raises(ConfigError, match='Linear has no block'):
        set_compile_blocks(nn.Linear(2, 2), {'backend': 'eager'})


def test_no_compiler_is_said_while_the_backbone_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, _ = adapted('video', {'bottleneck': 8})
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setenv('CXX', 'no-such-compiler -O2')
    with pytest.raises(ConfigError, match=r'no-such-compiler.*compile_blocks=False'):
        set_compile_blocks(model, True)
    assert not any('block_code' in vars(module) for module in model.modules())
    check_toolchain(CompileOptions(backend='aot_eager'))
    monkeypatch.delenv('CXX')
    monkeypatch.setenv('PATH', '')
    with pytest.raises(ConfigError, match=r'needs a C\+\+ compiler'):
        set_compile_blocks(model, True)


def test_a_gpu_needs_triton_and_a_c_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr('mmadapt.compiling.toolchain.find_spec', lambda name: None)
    with pytest.raises(ConfigError, match='GPU, needs triton: pip install triton'):
        check_toolchain(CompileOptions())
    monkeypatch.setattr('mmadapt.compiling.toolchain.find_spec', lambda name: name)
    monkeypatch.setenv('CC', 'no-such-compiler')
    with pytest.raises(ConfigError, match="a C compiler: there is no 'no-such-comp"):
        check_toolchain(CompileOptions())


def test_what_fails_in_the_compiler_is_a_typed_error() -> None:
    model, x = adapted('video', {'bottleneck': 8})
    again = compiled(model, options={'backend': 'broken'})
    torch._dynamo.reset()
    with pytest.raises(ConfigError, match=r'(?s)out of ideas.*compile_blocks=False'):
        again(x)
