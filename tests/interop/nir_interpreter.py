"""Run a NIR graph step by step in float64 and compare it with the expected spikes.

Usage: python nir_interpreter.py NET.nir INPUT.npz EXPECTED.npz

The equations are NIR's own (neuroir.org, docstrings of the package `nir`):
    LIF     tau dv/dt = (v_leak - v) + R I; fires where v > v_threshold, then v = v_reset
    LI      the same without firing; it gives out v
    Linear  y = W x;  Affine  y = W x + b;  Scale  y = s x;  Delay  y(t) = x(t - delay)
NIR leaves the discretisation open: the graph's metadata name the step `dt` in seconds, a neuron's
metadata (or the graph's) the `rule`; I is the current that arrives in the same step:
    euler  v[t] = v[t-1] + dt/tau ((v_leak - v[t-1]) + R I[t])
    exact  v[t] = v_leak + R I[t] + (v[t-1] - v_leak - R I[t]) exp(-dt/tau)
Edges into one node add up and take no time: nodes run in topological order within a step. A Delay
of at least one step throughout breaks a cycle; in a cycle without one, what its last neuron (seen
from the input) gives out arrives one step later. Before step 0, v is v_leak and all else is 0.

Values have the shape [neuron, sample], so a matrix takes one product per step for all samples.
INPUT.npz holds the columns `sample`, `step`, `neuron`, `count` and the numbers `steps`, `samples`;
EXPECTED.npz is described in comparison.py.
"""

import sys
from graphlib import CycleError, TopologicalSorter

import nir
import numpy as np

from comparison import COLUMNS, compare

NEURONS = (nir.LIF, nir.LI)


def column(values):
    """Return `values` as a float64 column, which NumPy broadcasts over the samples."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def delay_steps(name, node, dt):
    """Return the delays of a Delay node in steps."""
    steps = np.rint(node.delay.ravel() / dt).astype(np.int64)
    if steps.min() < 0 or np.abs(node.delay.ravel() / dt - steps).max() > 1e-6:
        raise ValueError(f"A delay of {name} is no whole number of steps of {dt} s.")
    return steps


def schedule(graph, delays):
    """Return the nodes in the order of a step, and the edges that carry the step before's value.

    The delays of a Delay whose input is read one step late are shortened by that step.
    """
    reached = [name for name, node in graph.nodes.items() if isinstance(node, nir.Input)]
    for name in reached:  # Grows while it runs: the nodes by their distance from the input.
        reached += sorted({b for a, b in graph.edges if a == name} - set(reached))
    late = set()
    while True:
        sources = {name: {a for a, b in graph.edges if b == name and (a, b) not in late}
                   for name in reached}
        try:
            return list(TopologicalSorter(sources).static_order()), late
        except CycleError as error:
            cycle = error.args[1][:-1]
        first = cycle.index(min(cycle, key=reached.index))
        cycle = cycle[first:] + cycle[:first]
        neurons = [i for i, name in enumerate(cycle) if isinstance(graph.nodes[name], NEURONS)]
        if held := [name for name in cycle if name in delays and delays[name].min() > 0]:
            late |= {(a, b) for a, b in graph.edges if b == held[0]}
            delays[held[0]] -= 1
        elif neurons:
            late.add((cycle[neurons[-1]], cycle[(neurons[-1] + 1) % len(cycle)]))
        else:
            raise ValueError(f"The cycle {cycle} holds neither a neuron nor a Delay of a step.")


def advance(name, node, v, drive, dt, rule):
    """Return the potentials of LIF or LI neurons after a step under the drive R I."""
    leak, ratio = column(node.v_leak), dt / column(node.tau)
    if rule == "euler":
        return v + ratio * ((leak - v) + drive)
    if rule == "exact":
        return leak + drive + (v - leak - drive) * np.exp(-ratio)
    raise ValueError(f"The rule of {name} is {rule}, but euler or exact is expected.")


def run(graph, counts):
    """Yield per step each node's output and the LIF neurons' v, for `counts[step]` as input."""
    dt, samples = float(graph.metadata["dt"]), counts.shape[2]
    delays = {name: delay_steps(name, node, dt) for name, node in graph.nodes.items()
              if isinstance(node, nir.Delay)}
    order, late = schedule(graph, delays)
    history = {name: np.zeros((d.max() + 1, d.size, samples)) for name, d in delays.items()}
    v = {name: column(graph.nodes[name].v_leak) for name in order
         if isinstance(graph.nodes[name], NEURONS)}
    outputs = {}
    for step, incoming in enumerate(counts):
        before, outputs, fired_from = outputs, {}, {}
        for name in order:
            node = graph.nodes[name]
            x = sum((before.get(a, 0.0) if (a, b) in late else outputs[a]
                     for a, b in graph.edges if b == name), start=0.0)
            if isinstance(node, nir.Input):
                x = incoming
            elif isinstance(node, (nir.Linear, nir.Affine)):
                x = node.weight @ np.broadcast_to(x, (node.weight.shape[1], samples))
                x = x + column(node.bias) if isinstance(node, nir.Affine) else x
            elif isinstance(node, nir.Scale):
                x = column(node.scale) * x
            elif isinstance(node, nir.Delay):
                past = history[name]
                past[step % len(past)] = x
                x = past[(step - delays[name]) % len(past), np.arange(delays[name].size)]
            elif isinstance(node, NEURONS):
                rule = node.metadata.get("rule", graph.metadata.get("rule"))
                x = v[name] = advance(name, node, v[name], column(node.r) * x, dt, rule)
                if isinstance(node, nir.LIF):
                    fired_from[name], fired = x, x > column(node.v_threshold)
                    v[name], x = np.where(fired, column(node.v_reset), x), fired * 1.0
            elif not isinstance(node, nir.Output):
                raise ValueError(f"The node {name} is a {type(node).__name__}, unknown here.")
            outputs[name] = x
        yield outputs, fired_from


def record(graph, recording, names):
    """Run the graph; return what comparison.py compares, and |v - threshold| per population."""
    inputs = [node for node in graph.nodes.values() if isinstance(node, nir.Input)]
    if len(inputs) != 1:
        raise ValueError(f"The graph has {len(inputs)} Input nodes, but one is expected.")
    size = int(np.prod(inputs[0].input_type["input"]))
    counts = np.zeros((int(recording["steps"]), size, int(recording["samples"])))
    where = tuple(recording[key] for key in ("step", "neuron", "sample"))
    np.add.at(counts, where, recording["count"])
    rows, traces, margins = [np.zeros((4, 0), dtype=np.int64)], {}, {}
    for step, (outputs, fired_from) in enumerate(run(graph, counts)):
        for name, node in graph.nodes.items():
            population = str(node.metadata.get("population", name))
            if isinstance(node, nir.LI):
                key = f"potential{names.index(population)}"
                traces.setdefault(key, []).append(np.broadcast_to(
                    outputs[name].T, (counts.shape[2], node.v_leak.size)))
            elif isinstance(node, nir.LIF):
                sample, neuron = np.nonzero(outputs[name].T)
                rows.append([sample, 0 * sample + names.index(population), 0 * sample + step,
                             neuron])
                margin = np.abs(fired_from[name] - column(node.v_threshold)).T
                margins.setdefault(population, []).append(margin)
    out = dict(zip(COLUMNS, np.concatenate(rows, axis=1)), populations=names)
    out.update((key, np.stack(values, axis=1)) for key, values in traces.items())
    return out, {name: np.stack(values, axis=1) for name, values in margins.items()}


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Usage: python nir_interpreter.py NET.nir INPUT.npz EXPECTED.npz")
    with np.load(sys.argv[2]) as input_file, np.load(sys.argv[3]) as expected_file:
        input_columns, wanted = dict(input_file), dict(expected_file)
    population_names = [str(name) for name in wanted["populations"]]
    result = record(nir.read(sys.argv[1]), input_columns, population_names)
    sys.exit(0 if compare(result[0], wanted, result[1]) else 1)
