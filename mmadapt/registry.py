"""The registry of adaptation methods."""

from __future__ import annotations

from mmengine.registry import Registry

__all__ = ['ADAPTERS']

ADAPTERS = Registry('adapter', scope='mmadapt', locations=['mmadapt.adapters'])
"""Methods by name: ``@ADAPTERS.register_module()`` on an :class:`Adapter`."""
