"""Dynamic programme over (nodes, backlog): the cheapest schedule that keeps the waits, or pays for each miss.

Knows one queue, integer nodes and their costs; refuses to know traces, policies and GPUs. Backlog lies on a
grid. The grid divides what a node serves in a step, and it is the *cumulative* arrivals that are rounded, so
rounding errors never add up: arrivals rounded up give a queue that is always a little better off than the
real one (a lower bound), rounded down a queue that is always a little worse off (a feasible schedule).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autoscaler.replay.optimum_queue import Ceiling, FloatArray, IntArray, Queue, late_share

# Node-seconds for breaking a rule once, and again for each level by which it is broken: finite, so that where
# rounding leaves no other way the least broken schedule is found; any finite cost keeps a lower bound one.
FORBIDDEN = 1e9
BLOCK = 256  # steps whose costs are laid out at once: 256 x 24 nodes x 48 levels are 2 MiB
PADDING = 512  # widest shift of a row; a finer grid would make rows of mere padding

Rounding = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Nodes and what they cost, in node-seconds."""

    servers_per_node: float
    min_nodes: int
    max_nodes: int
    start_cost_s: float
    initial_nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Backlog in levels: level j at boundary k stands for j * size + offset[k] replica-seconds."""

    size: float
    levels: int
    per_node: int  # levels a node serves in a step
    moves: IntArray  # levels that arrive in each step
    offset: FloatArray


def make_grid(queue: Queue, fleet: Fleet, rounding: Rounding, *, levels: int, reach: float = 1.0) -> Grid:
    """A grid of about `levels` levels up to `reach` times the largest backlog that can be in time."""
    served = fleet.servers_per_node * queue.step
    # Without the fleet's own limit one broken sample, a million times the rest, would take all memory.
    top = queue.in_time(fleet.max_nodes * fleet.servers_per_node) * reach
    finest = max(1, PADDING // fleet.max_nodes)
    per_node = int(np.clip(np.ceil(levels * served / max(top, served / finest)), 1, finest))
    size = served / per_node
    total = queue.arrived[: queue.steps + 1]
    if top > queue.tolerance:
        rounded = rounding(total / size)
        offset, gains = total - rounded * size, np.diff(rounded)
    else:  # who may not wait at all leaves no backlog to round
        offset, gains = np.zeros(len(total)), np.zeros(queue.steps)
    held = int(top // size) + 4
    # More than the whole fleet and all levels can hold ends at the top level anyway.
    moves = np.minimum(gains, per_node * fleet.max_nodes + held).astype(np.int64)
    return Grid(size=size, levels=held, per_node=per_node, moves=moves, offset=offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """All that one solution needs; price None forbids misses, else node-seconds for missing all requests."""

    queue: Queue
    fleet: Fleet
    grid: Grid
    ceiling: Ceiling | None
    price: float | None

    @property
    def nodes(self) -> IntArray:
        return np.arange(self.fleet.min_nodes, self.fleet.max_nodes + 1)


def _backlogs(programme: Programme, first: int, last: int) -> FloatArray:
    """Replica-seconds that the levels stand for at boundaries first..last, (last - first, 1, levels)."""
    grid = programme.grid
    levels = np.arange(grid.levels) * grid.size
    return np.maximum(levels[None, None, :] + grid.offset[first:last, None, None], 0.0)


def _miss_costs(programme: Programme, backlog: FloatArray, first: int, last: int) -> FloatArray:
    """What deadlines in steps first..last cost for each count of nodes and level: (steps, nodes, levels)."""
    queue = programme.queue
    room = queue.room(programme.nodes.astype(np.float64) * programme.fleet.servers_per_node, first, last)
    if programme.price is None:
        # The first moment is the last of the step before: checked again, its backlog would be rounded twice.
        allowed = room[1 if queue.moments[1] > 0 else 2 :].min(axis=0)
        excess = backlog - (allowed[:, :, None] + queue.tolerance)
        return np.where(excess > 0, FORBIDDEN + (FORBIDDEN / programme.grid.size) * excess, 0.0)
    costs = np.zeros(np.broadcast_shapes(backlog.shape, (last - first, len(programme.nodes), 1)))
    for half in (0, 1):
        weight = queue.weight[half, first:last, None, None]
        if weight.any():
            left, right = room[half, :, :, None], room[half + 1, :, :, None]
            costs += programme.price * weight * late_share(backlog, left, right, queue.tolerance)
    return costs


def _step_costs(programme: Programme, first: int, last: int) -> FloatArray:
    """Node-seconds, misses and rules of an overload in steps first..last."""
    costs = _miss_costs(programme, _backlogs(programme, first, last), first, last)
    ceiling = programme.ceiling
    if ceiling is not None and ceiling.excused[first:last].any():
        costs[ceiling.excused[first:last]] = 0.0
        costs[np.flatnonzero(ceiling.forced[first:last]), :-1, :] = FORBIDDEN
        costs[np.flatnonzero(ceiling.empty[first:last]), :, 1:] = FORBIDDEN
    costs += programme.nodes[None, :, None] * programme.queue.step
    return costs


def _end_costs(programme: Programme) -> FloatArray:
    """Deadlines after the end, met or missed with the last capacity: (nodes, levels)."""
    queue, n = programme.queue, programme.queue.steps
    costs = np.zeros((len(programme.nodes), programme.grid.levels))
    if programme.ceiling is not None and programme.ceiling.end_excused:
        return costs
    backlog = np.broadcast_to(_backlogs(programme, n, n + 1), (1, *costs.shape))
    served = (programme.nodes * programme.fleet.servers_per_node * queue.step)[None, :, None]
    for step in range(n, len(queue.arrived) - 1):
        costs += _miss_costs(programme, backlog, step, step + 1)[0]
        backlog = np.maximum(backlog - served, 0.0)
    return costs


def _backward(
    programme: Programme, costs: FloatArray, value: FloatArray, first: int, kept: FloatArray | None = None
) -> FloatArray:
    """Cost to go at boundary `first` from that at the end of `costs`; `kept` takes what follows each step.

    A step serves a fixed count of levels for each node, so "where does level j land" is the same row shifted
    by the nodes' service: one strided view, no gathering. Starts cost β each, stops nothing: the cheapest way
    from x nodes is the better of a running minimum over fewer nodes and one over more nodes x', with β x'
    added and β x taken off.
    """
    grid, nodes = programme.grid, programme.nodes
    left = grid.per_node * int(nodes[-1])
    right = max(int(grid.moves.max()) - grid.per_node * int(nodes[0]), 0)
    rows = np.empty((len(nodes), left + grid.levels + right))
    inner, idle, over = rows[:, left : left + grid.levels], rows[:, :left], rows[:, left + grid.levels :]
    lowest, highest = inner[:, :1], inner[:, -1:]
    inner[:] = value
    climb = (nodes * programme.fleet.start_cost_s)[:, None]
    cost, fewer, more = (np.empty_like(value) for _ in range(3))
    reverse, more_reverse = cost[::-1], more[::-1]
    strides = (rows.strides[0] - grid.per_node * 8, 8)
    shifts = ((left + grid.moves - grid.per_node * int(nodes[0])) * 8).tolist()
    resume = {} if programme.ceiling is None else programme.ceiling.resume
    for i in range(len(costs) - 1, -1, -1):
        k = first + i
        if k + 1 in resume:
            inner[:] = inner[:, [_resume_level(grid, k + 1, resume[k + 1])]]
        if kept is not None:
            kept[i] = inner
        idle[:] = lowest
        over[:] = highest
        landed: FloatArray = np.ndarray(cost.shape, np.float64, rows, shifts[k], strides)
        np.add(landed, costs[i], out=cost)
        np.minimum.accumulate(cost, axis=0, out=fewer)
        np.add(cost, climb, out=cost)
        np.minimum.accumulate(reverse, axis=0, out=more_reverse)
        np.subtract(more, climb, out=more)
        np.minimum(fewer, more, out=inner)
    return inner.copy()


def _resume_level(grid: Grid, boundary: int, backlog: float) -> int:
    """Rounded down: right for a bound; for a schedule the only way not to call the possible impossible."""
    level = np.floor((backlog - grid.offset[boundary]) / grid.size)
    return int(np.clip(level, 0, grid.levels - 1))


def _blocks(steps: int) -> list[tuple[int, int]]:
    return [(first, min(first + BLOCK, steps)) for first in range(0, steps, BLOCK)]


def _start(programme: Programme) -> tuple[int, float]:
    """Row of the initial nodes, and what reaching the floor costs beforehand."""
    fleet = programme.fleet
    row = int(np.clip(fleet.initial_nodes, fleet.min_nodes, fleet.max_nodes)) - fleet.min_nodes
    return row, max(0, fleet.min_nodes - fleet.initial_nodes) * fleet.start_cost_s


def least_cost(programme: Programme) -> float:
    """Node-seconds of the best schedule on the grid, priced misses included."""
    value = _end_costs(programme)
    for first, last in reversed(_blocks(programme.queue.steps)):
        value = _backward(programme, _step_costs(programme, first, last), value, first)
    row, before = _start(programme)
    return float(value[row, 0]) + before


def best_schedule(programme: Programme) -> IntArray:
    """Nodes for each step. Costs to go are kept at block ends only and computed again on the way forward."""
    blocks = _blocks(programme.queue.steps)
    values = [_end_costs(programme)]
    for first, last in reversed(blocks[1:]):
        values.append(_backward(programme, _step_costs(programme, first, last), values[-1], first))
    row, backlog, chosen = _start(programme)[0], 0.0, []
    for (first, last), value in zip(blocks, reversed(values), strict=True):
        costs = _step_costs(programme, first, last)
        kept = np.empty_like(costs)
        _backward(programme, costs, value, first, kept)
        rows, backlog = _forward(programme, costs, kept, first, row, backlog)
        row = rows[-1]
        chosen.extend(rows)
    schedule: IntArray = programme.nodes[np.array(chosen)]
    return schedule


def _forward(
    programme: Programme, costs: FloatArray, kept: FloatArray, first: int, row: int, backlog: float
) -> tuple[list[int], float]:
    """Follow the costs to go through one block with the true backlog, which is never above its level's."""
    grid, nodes = programme.grid, programme.nodes
    served = nodes * programme.fleet.servers_per_node * programme.queue.step
    every, drop = np.arange(len(nodes)), grid.per_node * nodes
    starts = np.maximum(nodes[None, :] - nodes[:, None], 0) * programme.fleet.start_cost_s
    rows: list[int] = []
    for i in range(len(costs)):
        k = first + i
        level = int(np.ceil((backlog - grid.offset[k]) / grid.size - 1e-9))
        level = min(max(level, 0), grid.levels - 1)
        landing = np.clip(level + grid.moves[k] - drop, 0, grid.levels - 1)
        row = int(np.argmin(costs[i, :, level] + kept[i][every, landing] + starts[row]))
        backlog = max(0.0, backlog + float(programme.queue.work[k]) - float(served[row]))
        rows.append(row)
    return rows, backlog
