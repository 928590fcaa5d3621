"""The seven invariants of docs/architecture.md, over whatever the world may show."""

from hypothesis import given
from hypothesis import strategies as st

from autoscaler.core.chosen import Chosen, cooldown_of
from autoscaler.core.cluster import Fleet, nodes, routers, servers
from autoscaler.core.codec import from_plain, to_plain
from autoscaler.core.decide import Inputs, decide
from autoscaler.core.decision import Hold, Scale
from autoscaler.core.ledger import UNMOVED, Ledger, Moves
from autoscaler.core.policy import Limits
from autoscaler.core.share import nodes_for
from tests.builders import AT, a_demand, a_lead, a_policy, a_pool, a_workload, an_outlook

amounts = st.floats(0.0, 80.0).map(lambda x: round(x, 3))
ages = st.floats(0.0, 4_000.0).map(round)


@st.composite
def all_limits(draw, most=60):
    floor = draw(st.integers(0, most // 2))
    optional = st.none() | st.integers(1, 12)
    return Limits(
        floor=floor,
        ceiling=draw(st.integers(floor, most)),
        cooldown_down_s=draw(st.none() | st.floats(0.0, 3_600.0)),
        step_up=draw(optional),
        step_down=draw(optional),
        down_per_hour=draw(optional),
        paused=draw(st.booleans()) and draw(st.booleans()),
    )


@st.composite
def policies(draw, most=3):
    count = draw(st.integers(1, most))
    workloads = [
        a_workload(
            f"w{i}",
            servers=draw(all_limits()),
            priority=draw(st.integers(0, 2)),
            routers=draw(st.none() | all_limits(20)),
            headroom=draw(st.none() | st.floats(0.0, 0.5)),
        )
        for i in range(count)
    ]
    budget = draw(st.none() | st.floats(0.0, 40.0))
    return a_policy(*workloads, pool=a_pool(nodes=draw(all_limits(40)), budget_per_hour=budget))


@st.composite
def some_moves(draw):
    up, down = draw(ages), draw(ages)
    last = min(up, down)
    return Moves(
        draw(st.integers(-1, 40)), AT - last, AT - up, AT - down, ((AT - down, draw(st.integers(1, 5))),)
    )


@st.composite
def fleets(draw, most=48):
    desired = draw(st.integers(0, most))
    starting = draw(st.integers(0, desired))
    asked = sorted(AT - draw(ages) for _ in range(min(starting, 3)))
    return Fleet(desired, desired - len(asked), tuple(asked))


@st.composite
def some_chosen(draw):
    return Chosen(
        draw(st.floats(0.5, 500.0)),
        hold_s=draw(st.sampled_from([0.0, 300.0, 900.0])),
        headroom=draw(st.floats(0.0, 1.2)),
    )


@st.composite
def situations(draw, most=3):
    policy = draw(policies(most))
    (pool,) = policy.pools
    seen = {nodes(pool): draw(fleets(24))}
    demands, outlooks, loads = {}, {}, {}
    for name, workload in policy.workloads.items():
        seen[servers(name)] = draw(fleets())
        backlog = draw(st.sampled_from([0.0, 50.0, 4_000.0]))
        sure = draw(st.booleans())
        kv = draw(st.none() | st.floats(0.0, 1.0))
        demands[name] = draw(
            st.none()
            | amounts.map(lambda w, b=backlog, s=sure, k=kv: a_demand(w, backlog=b, may_lower=s, kv_use=k))
        )
        if draw(st.booleans()):
            ahead = draw(amounts)
            outlooks[name] = an_outlook(
                ahead,
                ahead + draw(amounts),
                origin=AT - draw(st.sampled_from([0.0, 700.0])),
                trust=draw(st.sampled_from([0.0, 0.3, 1.0])),
                collapsed=draw(st.sampled_from([False, False, True])),
            )
        if workload.routers is not None:
            seen[routers(name)] = draw(fleets(20))
            loads[name] = draw(st.none() | st.floats(0.0, 3_000.0))
    targets = list(seen)
    return policy, Inputs(
        at=AT,
        scope="all",
        generation=3,
        fleets={t: f for t, f in seen.items() if not draw(st.sampled_from([False] * 9 + [True]))},
        demands=demands,
        outlooks=outlooks,
        leads={name: a_lead(policy, name) for name in policy.workloads},
        router_loads=loads,
        recents={t: draw(st.integers(0, 48)) for t in targets if draw(st.booleans())},
        calendar={name: draw(st.integers(0, 20)) for name in policy.workloads if draw(st.booleans())},
        moves={t: draw(some_moves()) for t in targets if draw(st.booleans())},
        chosen={name: draw(some_chosen()) for name in policy.workloads},
    )


def limits_of(policy, target):
    if target.kind == "nodes":
        return policy.pools[target.name].nodes
    workload = policy.workloads[target.name]
    return workload.servers if target.kind == "servers" else workload.routers


def count_of(verdict):
    return verdict.to if isinstance(verdict, Scale) else verdict.current


def room_of(policy, target):
    """The most servers of one workload that the pool's ceiling could carry, were it alone."""
    workload = policy.workloads[target.name]
    pool = policy.pools[workload.pool]
    return pool.nodes.ceiling * workload.profile.servers_per_node(pool.gpus_per_node)


@given(situations())
def test_1_the_same_record_gives_the_same_decision(situation):
    policy, inputs = situation
    decision = decide(inputs, policy)
    assert decide(inputs, policy) == decision
    again = from_plain(to_plain(inputs), Inputs)
    assert again == inputs
    assert to_plain(decide(again, policy)) == to_plain(decision)


@given(situations())
def test_1_a_ledger_read_back_decides_the_same(situation):
    policy, inputs = situation
    ledger = Ledger(generation=inputs.generation, moves=inputs.moves)
    read = from_plain(to_plain(ledger), Ledger)
    assert read == ledger
    assert decide(inputs._replace(moves=read.moves), policy) == decide(inputs, policy)


@given(situations())
def test_2_a_target_ends_within_floor_and_ceiling(situation):
    policy, inputs = situation
    alone = len(policy.workloads) == 1
    for verdict in decide(inputs, policy).verdicts:
        limits = limits_of(policy, verdict.target)
        if limits.paused or verdict.target not in inputs.fleets:
            assert isinstance(verdict, Hold)
            continue
        assert count_of(verdict) <= limits.ceiling
        if verdict.target.kind == "routers" or (alone and not policy.pools["h100"].nodes.paused):
            room = room_of(policy, verdict.target) if verdict.target.kind == "servers" else limits.ceiling
            assert count_of(verdict) >= min(limits.floor, limits.ceiling, room)


@given(situations())
def test_3_blind_never_goes_down(situation):
    policy, inputs = situation
    inputs = inputs._replace(
        demands=dict.fromkeys(policy.workloads),
        router_loads=dict.fromkeys(inputs.router_loads),
    )
    for verdict in decide(inputs, policy).verdicts:
        if isinstance(verdict, Scale) and verdict.to < verdict.current:
            limits = limits_of(policy, verdict.target)
            crowded = verdict.target.kind == "servers" and not _pool_holds(policy, inputs)
            assert verdict.current > limits.ceiling or crowded


def _pool_holds(policy, inputs):
    pool = policy.pools["h100"]
    wanted = []
    for name, workload in policy.workloads.items():
        fleet = inputs.fleets.get(servers(name))
        wanted.append((fleet.desired if fleet else 0, workload.profile.gpus_per_server, 1))
    ceiling = pool.nodes.ceiling
    if pool.nodes.paused and nodes("h100") in inputs.fleets:
        ceiling = inputs.fleets[nodes("h100")].desired
    return nodes_for(wanted, pool.gpus_per_node) <= ceiling


@given(situations(), st.lists(st.tuples(amounts, amounts), min_size=4, max_size=30))
def test_4_no_two_scale_downs_within_the_cooldown(situation, days):
    policy, inputs = situation
    inputs = inputs._replace(calendar={}, moves={}, fleets=_within_bounds(policy, inputs))
    downs: dict = {}
    for tick, (work, ahead) in enumerate(days):
        at = AT + 120.0 * tick
        inputs = inputs._replace(
            at=at,
            demands=dict.fromkeys(policy.workloads, a_demand(work)),
            outlooks=dict.fromkeys(policy.workloads, an_outlook(ahead, origin=at)),
            recents=dict.fromkeys(inputs.fleets, 0),
        )
        for scale in decide(inputs, policy).moves:
            moves = inputs.moves.get(scale.target, UNMOVED)
            if scale.to < scale.current:
                least = _cooldown(policy, inputs, scale.target)
                if scale.target in downs and not _overfull(policy, scale):
                    assert at - downs[scale.target] >= least
                downs[scale.target] = at
            inputs = inputs._replace(
                fleets={**inputs.fleets, scale.target: Fleet(scale.to, scale.to)},
                moves={**inputs.moves, scale.target: moves.moved(scale.current, scale.to, at)},
            )


def _cooldown(policy, inputs, target):
    """The stated one; or servers wait as long as their plans hold, and nodes follow them at once."""
    limits = limits_of(policy, target)
    if target.kind == "servers":
        return cooldown_of(limits, inputs.chosen[target.name])
    return limits.cooldown_down_s or 0.0 if target.kind == "nodes" else 120.0


def _overfull(policy, scale):
    """Whether the pool's ceiling, which beats the cooldown, left no choice."""
    return scale.target.kind == "servers" and scale.current > room_of(policy, scale.target)


def _within_bounds(policy, inputs):
    pool = policy.pools["h100"]
    bounded = {}
    left = pool.nodes.ceiling * pool.gpus_per_node // 4
    for target, fleet in inputs.fleets.items():
        limits = limits_of(policy, target)
        count = min(max(fleet.desired, limits.floor), limits.ceiling)
        if target.kind == "servers":
            count = min(count, left)
            left -= count
        bounded[target] = Fleet(count, count)
    return bounded


@given(situations(most=1), st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_5_more_demand_never_yields_fewer_servers(situation, more_now, more_ahead):
    policy, inputs = situation
    (name,) = policy.workloads
    demand, outlook = inputs.demands[name], inputs.outlooks.get(name)
    busier = inputs._replace(
        demands={name: demand and demand._replace(work=demand.work + more_now)},
        outlooks={}
        if outlook is None
        else {name: outlook._replace(ahead=outlook.ahead + more_ahead, hold=outlook.hold + more_ahead)},
    )
    before = {v.target: count_of(v) for v in decide(inputs, policy).verdicts}
    after = {v.target: count_of(v) for v in decide(busier, policy).verdicts}
    assert after[servers(name)] >= before[servers(name)]


@given(situations(most=1))
def test_5_nodes_always_carry_the_servers(situation):
    policy, inputs = situation
    (name,) = policy.workloads
    verdicts = {v.target: v for v in decide(inputs, policy).verdicts}
    pool = policy.pools["h100"]
    node_verdict, server_verdict = verdicts[nodes("h100")], verdicts[servers(name)]
    read = nodes("h100") in inputs.fleets and servers(name) in inputs.fleets
    held_back = {"ORDERED", "STEP", "HOURLY", "PAUSED"} & {w.reason.name for w in node_verdict.why}
    if read and not held_back and not policy.workloads[name].servers.paused:
        carried = count_of(node_verdict) * policy.workloads[name].profile.servers_per_node(pool.gpus_per_node)
        assert carried >= count_of(server_verdict)


@given(situations(), st.lists(st.integers(0, 48), min_size=3, max_size=3))
def test_6_routers_do_not_move_because_servers_moved(situation, counts):
    policy, inputs = situation
    moved = {
        t: Fleet(counts[i % 3], counts[i % 3]) if t.kind == "servers" else f
        for i, (t, f) in enumerate(inputs.fleets.items())
    }

    def router_verdicts(some):
        return [v for v in decide(some, policy).verdicts if v.target.kind == "routers"]

    assert router_verdicts(inputs._replace(fleets=moved)) == router_verdicts(inputs)
    assert router_verdicts(inputs._replace(scope="routers")) == router_verdicts(inputs)


@given(policies(most=2), amounts)
def test_6_steady_demand_comes_to_rest(policy, work):
    seen = {servers(n): Fleet(4, 4) for n in policy.workloads} | {nodes("h100"): Fleet(4, 4)}
    moves: dict = {}
    still = 0
    for tick in range(200):
        at = AT + 600.0 * tick
        inputs = Inputs(
            at=at,
            scope="all",
            generation=0,
            fleets=seen,
            demands=dict.fromkeys(policy.workloads, a_demand(work)),
            outlooks=dict.fromkeys(policy.workloads, an_outlook(work, origin=at)),
            leads={name: a_lead(policy, name) for name in policy.workloads},
            router_loads={},
            recents=dict.fromkeys(seen, 0),
            calendar={},
            moves=moves,
            chosen=dict.fromkeys(policy.workloads, Chosen(16.0)),
        )
        decision = decide(inputs, policy)
        still = 0 if decision.moves else still + 1
        for scale in decision.moves:
            moves = {
                **moves,
                scale.target: moves.get(scale.target, UNMOVED).moved(scale.current, scale.to, at),
            }
            seen = {**seen, scale.target: Fleet(scale.to, scale.to)}
        if still >= 10:
            break
    assert still >= 10, f"still moving after 200 ticks: {decision.moves}"


@given(situations())
def test_7_every_verdict_says_why(situation):
    policy, inputs = situation
    decision = decide(inputs, policy)
    assert decision.verdicts
    for verdict in decision.verdicts:
        assert verdict.why
        if isinstance(verdict, Scale):
            assert verdict.to != verdict.current == inputs.fleets[verdict.target].desired
    assert decision.generation == inputs.generation + bool(decision.moves)
