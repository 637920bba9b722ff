"""What an interpreter does to the sound of a booth, as pure arithmetic.

- `modes`: how a booth interprets (liaison, simultaneous)
- `routing`: who hears whom, at how many dB: the tables of the design, computed
- `levels`: how fast a gain moves from one table to the next
- `turns`: what the turn lamps of the rooms show
"""
