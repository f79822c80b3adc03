"""Runs a network of synfire in PyNN.

    pip install pynn nest-simulator numpy
    python run_pynn.py --input spikes.npz --out spikes_of_neurons.npz

The spikes are those of synfire where PyNN runs on NEST. Other simulators (`--simulator brian2`,
`neuron`, `spiNNaker`) order what happens in a step in other ways: spikes come earlier or later there,
and can be others.

Every delay takes at least one step, but in synfire a spike can arrive in the step in which it was
sent. So populations run late here by their depth: step 0 of a population is step SHIFT of PyNN, and a
delay grows by the difference of both ends. What is written is counted back: its steps are those of
synfire.

PyNN has no word for several spikes of a neuron in one step. So each neuron of a source has a copy for
every binary digit of its number of spikes, and the synapses of the copy for digit b weigh 2^b times
as much.
"""

import importlib

import numpy as np

from synfire_network import main

# @PROVENANCE@
CELL = @CELL@
SHIFT = @SHIFT@
BIAS_SHIFT = 2  # constant input comes from a source that spikes in every step, without delay


def time_constant(factor, dt):
    """The time constant in ms that leaves `factor` of a value after an exact step; at least dt / 40,
    which leaves nothing of it that a float could tell from 0."""
    return -dt / np.log(np.clip(factor, np.exp(-40), np.nextafter(1, 0)))


def parameters(population, dt):
    """Arrays of the parameters of a population, by their names in PyNN; rest and reset are at 0."""
    p = population
    threshold = p.threshold if p.fires else np.full(p.size, 1e300)
    arrays = dict(tau_m=time_constant(p.beta, dt), tau_refrac=p.refractory_steps * dt, v_thresh=threshold)
    if CELL[p.name] == "IF_curr_exp":
        names = ("tau_syn_E", "tau_syn_I")
        arrays.update((name, time_constant(alpha, dt)) for name, alpha in zip(names, p.alpha))
    return dict(arrays, v_rest=0.0, v_reset=0.0, cm=1.0)


def scale(population, port, dt):
    """What turns a weight of each neuron into one of PyNN."""
    p = population
    if CELL[p.name] == "IF_curr_delta":
        return p.gain
    # What a current of 1 nA adds to the potential of a neuron of 1 nF in a step.
    tau_m, tau_syn = time_constant(p.beta, dt), time_constant(p.alpha[port], dt)
    apart = -np.abs(dt / tau_m - dt / tau_syn)
    growth = np.where(apart == 0, 1, np.expm1(apart) / np.where(apart == 0, 1, apart))
    return p.couple[port] / (dt * np.exp(-dt / np.maximum(tau_m, tau_syn)) * growth)


def spike_times(sim, steps, dt):
    """Times for a source, a thousandth of a step early: NEST moves times between two steps to the later one,
    also where only rounding has put them there."""
    return sim.Sequence((steps - 0.001) * dt)


def connect(sim, source, target, pre, post, weights, delays, dt):
    """Projections to the receptors by the signs of the weights."""
    for receptor, chosen in (("excitatory", weights >= 0), ("inhibitory", weights < 0)):
        if chosen.any():
            rows = np.column_stack([pre, post, weights, delays * dt])[chosen]
            connector = sim.FromListConnector(rows, column_names=["weight", "delay"])
            sim.Projection(source, target, connector, sim.StaticSynapse(), receptor_type=receptor)


def run_sample(sim, network, steps, spikes, digits):
    """Spikes of one recording as [(population, steps, neurons)], and {population: potentials}."""
    dt, latest = network.dt_ms, max(SHIFT.values())
    sim.setup(timestep=dt, min_delay=dt, max_delay=(network.longest_delay + latest) * dt,
              spike_precision="on_grid", verbosity="error")
    cells = {}
    for p in network.populations:
        if p.is_source:
            step, neuron, count = spikes.get(p.index, (np.zeros(0, int),) * 3)
            trains = [spike_times(sim, step[(neuron == n) & ((count >> digit) & 1 == 1)] + SHIFT[p.name], dt)
                      for n in range(p.size) for digit in range(digits)]
            cells[p.index] = sim.Population(len(trains), sim.SpikeSourceArray(spike_times=trains))
        else:
            cell = getattr(sim, CELL[p.name])(**parameters(p, dt))
            cells[p.index] = sim.Population(p.size, cell, initial_values=dict(v=0.0))
            cells[p.index].record("spikes" if p.fires else "v")
    for q in network.projections:
        pre, post, delays = q.pre, q.post, q.delay_steps + SHIFT[q.target.name] - SHIFT[q.source.name]
        weights = q.weight * scale(q.target, q.port, dt)[post]
        if q.source.is_source:
            copies = np.arange(digits)
            pre, post = (pre[:, None] * digits + copies).ravel(), np.repeat(post, digits)
            weights, delays = (weights[:, None] * 2.0**copies).ravel(), np.repeat(delays, digits)
        connect(sim, cells[q.source.index], cells[q.target.index], pre, post, weights, delays, dt)
    times = [spike_times(sim, np.arange(steps) + BIAS_SHIFT, dt)]
    every_step = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    for p in network.populations:
        for port, bias in enumerate([] if p.is_source else p.bias):
            if bias.any():
                neurons, delays = np.arange(p.size), np.full(p.size, SHIFT[p.name] - BIAS_SHIFT)
                connect(sim, every_step, cells[p.index], 0 * neurons, neurons, bias * scale(p, port, dt), delays, dt)
    sim.run((steps + latest + 2) * dt)

    found, potentials = [], {}
    for p in network.populations:
        if p.fires:
            trains = cells[p.index].get_data("spikes").segments[0].spiketrains
            for neuron, train in enumerate(trains):
                step = np.round(train.rescale("ms").magnitude / dt).astype(int) - SHIFT[p.name]
                found.append((p.index, step, neuron))
        elif not p.is_source:
            trace = cells[p.index].get_data("v").segments[0].analogsignals[0].magnitude
            potentials[p.index] = trace[SHIFT[p.name]:][:steps]
    sim.end()
    return found, potentials


def run(network, samples, steps, spikes, arguments):
    sim = importlib.import_module(f"pyNN.{arguments.simulator}")
    if arguments.simulator == "nest" and not hasattr(sim.IF_curr_delta, "variable_map"):
        # PyNN 0.13 does not know what NEST calls the potential of this cell, and would neither set nor record it.
        sim.IF_curr_delta.variable_map = dict(v="V_m")
    most = max((int(count.max()) for _, _, count in spikes.values()), default=1)
    found, potentials = [], {}
    for sample in range(samples):
        mine = {source: rows for (which, source), rows in spikes.items() if which == sample}
        own, traces = run_sample(sim, network, steps, mine, most.bit_length())
        found += [(sample, *part) for part in own]
        for index, trace in traces.items():
            potentials.setdefault(index, np.zeros((samples, *trace.shape)))[sample] = trace
    return found, potentials


if __name__ == "__main__":
    main(run, __doc__, [("--simulator", dict(default="nest", help="what PyNN runs on; only nest gives these spikes"))])
