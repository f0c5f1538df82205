"""Try points of a search space and keep the best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headway.tune.space import Settings, Space, grid_points, random_points

Objective = Callable[[Settings], float]


@dataclass(frozen=True)
class Scored:
    """A point and what came of it.

    Attributes:
        settings: Values by path.
        score: Larger is better; -inf for a training that diverged.
    """

    settings: Settings
    score: float


def grid_search(objective: Objective, space: Space, *, points: int) -> list[Scored]:
    """Try every point of a grid and return them, the best first.

    Args:
        objective: Gives the score of a point; larger is better.
        space: Settings by path.
        points: Values of each setting.

    Example:
        >>> from headway.tune import Choice
        >>> grid_search(lambda s: -abs(s["x"] - 3), {"x": Choice((1, 2, 5))}, points=3)[0]
        Scored(settings={'x': 2}, score=-1)
    """
    return _tried(objective, grid_points(space, points=points))


def random_search(
    objective: Objective, space: Space, *, count: int, seed: int = 0
) -> list[Scored]:
    """Try `count` random points and return them, the best first.

    Args:
        objective: Gives the score of a point; larger is better.
        space: Settings by path.
        count: Points.
        seed: Decides the points.

    Reference:
        Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", 2012.

    Example:
        >>> from headway.tune import Uniform
        >>> best = random_search(lambda s: -s["x"], {"x": Uniform(0, 1)}, count=50)[0]
        >>> best.score > -0.2
        True
    """
    return _tried(objective, random_points(space, count=count, seed=seed))


def _tried(objective: Objective, points: Sequence[Settings]) -> list[Scored]:
    scored = [Scored(point, objective(point)) for point in points]
    return sorted(scored, key=lambda point: -point.score)  # stable: the first of equals
