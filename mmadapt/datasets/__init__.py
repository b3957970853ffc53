"""What the data sets of MMPretrain and MMAction2 lack."""
