"""WHERE an adapter is added: one small subclass per supported block class."""

from .base import HOSTS, AdapterHost, promote, register_host

__all__ = ['HOSTS', 'AdapterHost', 'promote', 'register_host']
