"""A config's text is formatted as yapf does, and once."""

from mmengine.config import Config, config
from mmengine.config.config import FormatCode

from mmadapt.compat.formatting import KEPT, format_configs_once

yapf = FormatCode.upstream
TEXT = 'model = dict(type="ViT",adapter=dict(bottleneck=64,\n  scale=0.1))'


def counted(monkeypatch):
    """The texts that yapf itself is asked for, with nothing kept yet."""
    asked = []

    def format_code(text, **options):
        asked.append(text)
        return yapf(text, **options)

    monkeypatch.setattr(config, 'FormatCode', format_code)
    assert format_configs_once() is True
    return asked


def test_the_same_config_is_formatted_once(monkeypatch):
    expected = Config.fromstring(TEXT, '.py')
    asked = counted(monkeypatch)
    cfg = Config.fromstring(TEXT, '.py')
    first = cfg.pretty_text
    assert cfg.pretty_text == first == yapf(asked[0])[0]
    assert len(asked) == 1
    assert Config.fromstring(first, '.py').to_dict() == expected.to_dict()


def test_a_changed_config_is_formatted_again(monkeypatch):
    asked = counted(monkeypatch)
    cfg = Config.fromstring(TEXT, '.py')
    before = cfg.pretty_text
    cfg.model.adapter.bottleneck = 8
    assert cfg.pretty_text == before.replace('64', '8')
    assert len(asked) == 2


def test_another_style_is_another_text(monkeypatch):
    asked = counted(monkeypatch)
    wide = config.FormatCode(TEXT, style_config={'column_limit': 200})
    assert config.FormatCode(TEXT, style_config={'column_limit': 20}) != wide
    assert len(asked) == 2


def test_few_texts_are_kept(monkeypatch):
    asked = counted(monkeypatch)
    for number in (0, *range(KEPT), 0, KEPT, 1):
        config.FormatCode(f'a={number}')
    # 0 was asked for last when there was no more room, so that 1 had to go.
    assert [text[2:] for text in asked] == [*map(str, range(KEPT + 1)), '1']


def test_once_more_changes_nothing():
    before = config.FormatCode
    assert format_configs_once() is False
    assert config.FormatCode is before
