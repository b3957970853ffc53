"""Config faces: adapted backbones, each registered where its framework looks."""
