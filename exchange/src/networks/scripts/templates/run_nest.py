"""Runs a network of synfire in NEST.

    pip install nest-simulator numpy
    python run_nest.py --input spikes.npz --out spikes_of_neurons.npz

Every delay of NEST takes at least one step, but in synfire a spike can arrive in the step in which it
was sent. So populations run late here by their depth: step 0 of a population is step SHIFT of NEST,
which counts from 1, and a delay grows by the difference of both ends. What is written is counted
back: its steps are those of synfire. Several spikes of a source in one step are multiplicities.
"""

import nest
import numpy as np

from synfire_network import main

# @PROVENANCE@
MODEL = @MODEL@
SHIFT = @SHIFT@
BIAS_SHIFT = 1  # constant input comes from a generator that spikes in every step, without delay


def time_constant(factor, dt):
    """The time constant in ms that leaves `factor` of a value after an exact step of NEST; at least
    dt / 40, which leaves nothing of it that a float could tell from 0."""
    return -dt / np.log(np.clip(factor, np.exp(-40), np.nextafter(1, 0)))


def parameters(population, dt):
    """Columns of the parameters of a population, by their names in NEST."""
    p, model = population, MODEL[population.name]
    threshold = p.threshold if p.fires else np.full(p.size, np.finfo(float).max)
    columns = dict(E_L=np.zeros(p.size), V_m=np.zeros(p.size), tau_m=time_constant(p.beta, dt), V_th=threshold)
    if model.startswith("iaf"):
        columns.update(V_reset=np.zeros(p.size), t_ref=p.refractory_steps * dt)
    else:
        # These models subtract their threshold, and count the step of the spike as refractory.
        columns.update(t_ref=(p.refractory_steps + (p.refractory_steps > 0)) * dt)
    if model == "eprop_iaf_adapt":
        columns.update(adapt_tau=time_constant(p.rho, dt), adapt_beta=p.strength)
    if model == "iaf_psc_exp_multisynapse":
        tau_syn, tau_m = time_constant(p.alpha, dt).T, columns["tau_m"][:, None]
        # NEST refuses equal time constants, but takes those that differ in the last digit.
        tau_syn = np.where(tau_syn == tau_m, np.nextafter(tau_syn, np.inf), tau_syn)
        columns.update(C_m=np.ones(p.size), tau_syn=tau_syn)
    return columns


def scale(population, port, dt):
    """What turns a weight of each neuron into one of NEST."""
    p = population
    if MODEL[p.name] != "iaf_psc_exp_multisynapse":
        return p.gain
    # What a current of 1 pA adds to the potential of a neuron of 1 pF in a step.
    tau_m, tau_syn = time_constant(p.beta, dt), time_constant(p.alpha[port], dt)
    apart = -np.abs(dt / tau_m - dt / tau_syn)
    growth = np.where(apart == 0, 1, np.expm1(apart) / np.where(apart == 0, 1, apart))
    return p.couple[port] / (dt * np.exp(-dt / np.maximum(tau_m, tau_syn)) * growth)


def create(model, columns):
    """Nodes from columns of their parameters."""
    size = len(next(iter(columns.values())))
    if all((column == column[0]).all() for column in columns.values()):
        return nest.Create(model, size, params={name: column[0].tolist() for name, column in columns.items()})
    rows = zip(*(column.tolist() for column in columns.values()))
    return nest.Create(model, size, params=[dict(zip(columns, row)) for row in rows])


def connect(sources, targets, weights, delays, population, port, dt):
    receptor = port + 1 if MODEL[population.name] == "iaf_psc_exp_multisynapse" else 0
    synapses = dict(synapse_model="static_synapse", weight=weights, delay=delays * dt,
                    receptor_type=np.full(len(weights), receptor))
    nest.Connect(sources, targets, "one_to_one", synapses)


def run_sample(network, steps, spikes, threads):
    """Spikes of one recording as [(population, steps, neurons)], and {population: potentials}."""
    dt, latest = network.dt_ms, max(SHIFT.values())
    nest.ResetKernel()
    nest.set(resolution=dt, local_num_threads=threads, eprop_reset_neurons_on_update=False)
    nest.set(min_delay=dt, max_delay=(network.longest_delay + latest) * dt)
    spike_recorder = nest.Create("spike_recorder", params=dict(time_in_steps=True))
    ids, recorders = {}, {}
    for p in network.populations:
        if p.is_source:
            step, neuron, count = spikes.get(p.index, (np.zeros(0, int),) * 3)
            trains = [neuron == channel for channel in range(p.size)]
            nodes = nest.Create("spike_generator", p.size, params=[
                dict(spike_times=np.round((step[train] + SHIFT[p.name]) * dt, 3), spike_multiplicities=count[train])
                for train in trains])
        else:
            nodes = create(MODEL[p.name], parameters(p, dt))
            if p.fires:
                nest.Connect(nodes, spike_recorder, syn_spec=dict(delay=dt))
            else:
                recorders[p.index] = nest.Create("multimeter", params=dict(
                    record_from=["V_m"], interval=dt, time_in_steps=True))
                nest.Connect(recorders[p.index], nodes, syn_spec=dict(delay=dt))
        ids[p.index] = np.array(nodes.tolist())
    for q in network.projections:
        weights = q.weight * scale(q.target, q.port, dt)[q.post]
        delays = q.delay_steps + SHIFT[q.target.name] - SHIFT[q.source.name]
        connect(ids[q.source.index][q.pre], ids[q.target.index][q.post], weights, delays, q.target, q.port, dt)
    every_step = nest.Create("spike_generator", params=dict(
        spike_times=np.round((np.arange(steps) + BIAS_SHIFT) * dt, 3)))
    for p in network.populations:
        for port, bias in enumerate([] if p.is_source else p.bias):
            if bias.any():
                sources, delays = np.repeat(every_step.tolist(), p.size), np.full(p.size, SHIFT[p.name] - BIAS_SHIFT)
                connect(sources, ids[p.index], bias * scale(p, port, dt), delays, p, port, dt)
    nest.Simulate((steps + latest + 2) * dt)

    found, potentials = [], {}
    times, senders = (np.array(spike_recorder.events[name], int) for name in ("times", "senders"))
    for p in network.populations:
        first = ids[p.index][0]
        mine = (first <= senders) & (senders < first + p.size)
        found.append((p.index, times[mine] - SHIFT[p.name], senders[mine] - first))
        if p.index in recorders:
            events = recorders[p.index].events
            step = np.array(events["times"], int) - SHIFT[p.name]
            kept = (0 <= step) & (step < steps)
            potentials[p.index] = np.zeros((steps, p.size))
            potentials[p.index][step[kept], events["senders"][kept] - first] = events["V_m"][kept]
    return found, potentials


def run(network, samples, steps, spikes, arguments):
    nest.verbosity = nest.VerbosityLevel.ERROR
    found, potentials = [], {}
    # A recording starts at rest: NEST forgets spikes under way when the network is built anew.
    for sample in range(samples):
        mine = {source: rows for (which, source), rows in spikes.items() if which == sample}
        own, traces = run_sample(network, steps, mine, arguments.threads)
        found += [(sample, *part) for part in own]
        for index, trace in traces.items():
            potentials.setdefault(index, np.zeros((samples, *trace.shape)))[sample] = trace
    return found, potentials


if __name__ == "__main__":
    main(run, __doc__, [("--threads", dict(type=int, default=1, help="threads of NEST"))])
