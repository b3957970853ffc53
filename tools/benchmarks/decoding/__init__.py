"""Parts of decode.py."""
