"""The Jupyter side: finds this user's drivers, and lets the panel speak to them.

Owns    nothing: what is known belongs to the drivers.
Thread  jupyter-server's loop.
Imports rest/.
"""
