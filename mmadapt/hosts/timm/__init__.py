"""Hosts for the blocks of timm, one family a file; see mmadapt.outside."""
