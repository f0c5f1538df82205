"""What the numbers of `uniform` and `normal` are drawn for: one stream for each purpose."""

MOVES = 1
GEOMETRY = 2
COLOR = 3
COLOR_OFFSET = 4
POLICY = 5
MIXING = 6
# Noise takes as many streams from here on as an image has blocks of numbers.
NOISE = 1 << 20
