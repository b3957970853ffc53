"""Hosts for the layers of transformers, one family a file; see mmadapt.outside."""
