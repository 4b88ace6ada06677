"""What notebooks show of an application: the progress line under a cell, and the panel.

Owns    the widgets and the threads that keep them up to date.
Thread  one that draws while there is something to draw; clicks come in a subshell's.
Imports rooms below; ipywidgets only when something is drawn.
"""
