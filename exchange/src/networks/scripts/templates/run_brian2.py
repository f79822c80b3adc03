"""Runs a network of synfire in Brian2.

    pip install brian2 numpy
    python run_brian2.py --input spikes.npz --out spikes_of_neurons.npz

A step of synfire is written out here: the populations take their step one after the other in ORDER,
so that a spike without delay arrives in the step in which it was sent. What arrives behind the turn
of its target waits for the next step, and comes with a delay that is one step shorter.

Brian2 refuses several spikes of a neuron in one step. So each neuron of a source has a copy for every
binary digit of its number of spikes, and the synapses of the copy for digit b weigh 2^b times as much.

Recordings follow each other, with a pause in which all spikes under way arrive and every neuron
returns to rest.
"""

import brian2 as b2
import numpy as np

from synfire_network import main

# @PROVENANCE@
ORDER = @ORDER@
# Whether a spike subtracts the threshold, whether the potential then stays for the refractory time,
# and whether spikes raise the threshold.
KIND = @KIND@

# Of population k in ORDER, these parts take their turn at 4 k + TURN.
TURN = dict(integrate=0, threshold=1, deliver=2, reset=3)


def equations(p):
    """Parameters and variables of the neurons, the code of a step, threshold and reset."""
    ports = range(len(p.alpha))
    variables = ["beta : 1", "gain : 1", "v : 1"]
    currents = []
    code = ["alive = int(t_in_timesteps % period < steps)"]
    drive = []
    for port in ports:
        variables += [f"bias{port} : 1", f"input{port} : 1"]
        if p.couple[port].any():
            variables += [f"alpha{port} : 1", f"couple{port} : 1", f"current{port} : 1"]
            drive.append(f"couple{port}*current{port}")
            currents.append(f"current{port} = alive*(alpha{port}*current{port} + input{port} + bias{port})")
        else:
            drive.append(f"gain*(input{port} + bias{port})")
    integrated = " + ".join(["beta*v", *drive])
    threshold = reset = None
    if p.fires:
        variables += ["threshold_v : 1", "refractory_steps : 1", "held : 1", "free : 1"]
        code += ["free = alive*int(held == 0)", "held = alive*clip(held - 1, 0, inf)"]
        threshold = "free > 0 and v >= threshold_v"
        reset = ["v = v - threshold_v" if KIND[p.name]["soft"] else "v = 0", "held = refractory_steps"]
        if KIND[p.name]["adapts"]:
            variables += ["rho : 1", "strength : 1", "a : 1", "fired : 1"]
            code += ["a = alive*(rho*a + fired)", "fired = 0"]
            threshold += " + strength*a"
            reset.append("fired = 1")
    if p.fires and KIND[p.name]["holds"]:
        integrated = f"free*({integrated}) + (1 - free)*v"
    code.append(f"v = alive*({integrated})")
    code += currents + [f"input{port} = 0" for port in ports]
    return "\n".join(variables), "\n".join(code), threshold, reset and "\n".join(reset)


def run(network, samples, steps, spikes, arguments):
    b2.prefs.codegen.target = arguments.codegen
    dt = b2.defaultclock.dt = network.dt_ms * b2.ms
    period = steps + network.longest_delay + 1
    constants = dict(period=period, steps=steps)
    turn = {name: 4 * k for k, name in enumerate(ORDER)}
    most = max((int(count.max()) for _, _, count in spikes.values()), default=1)
    digits = most.bit_length()
    groups, objects, spike_monitors, traces = {}, [], {}, {}
    for p in network.populations:
        if p.is_source:
            groups[p.index] = source(p, spikes, digits, period, dt, turn[p.name])
            objects.append(groups[p.index])
            continue
        variables, code, threshold, reset = equations(p)
        group = b2.NeuronGroup(p.size, variables, threshold=threshold, reset=reset, method="exact",
                               namespace=constants)
        for name, values in columns(p).items():
            if name in group.variables:
                setattr(group, name, values)
        step = group.run_regularly(code, when="groups", order=turn[p.name] + TURN["integrate"])
        if p.fires:
            place(group.thresholder["spike"], turn[p.name] + TURN["threshold"])
            place(group.resetter["spike"], turn[p.name] + TURN["reset"])
            spike_monitors[p.index] = b2.SpikeMonitor(group, when="end")
            objects.append(spike_monitors[p.index])
        else:
            traces[p.index] = b2.StateMonitor(group, "v", record=True, when="end")
            objects.append(traces[p.index])
        objects += [group, step]
        groups[p.index] = group
    for q in network.projections:
        if q.pre.size == 0 or not (q.source.is_source or q.source.fires):
            continue
        pre, post, weight, delay = q.pre, q.post, q.weight, q.delay_steps
        if q.source.is_source:
            copies = np.arange(digits)
            pre, post = (pre[:, None] * digits + copies).ravel(), np.repeat(post, digits)
            weight, delay = (weight[:, None] * 2.0**copies).ravel(), np.repeat(delay, digits)
        synapses = b2.Synapses(groups[q.source.index], groups[q.target.index], "w : 1",
                               on_pre=f"input{q.port}_post += w")
        synapses.connect(i=pre, j=post)
        synapses.w = weight
        is_behind = turn[q.source.name] >= turn[q.target.name]
        synapses.delay = (delay - is_behind) * dt
        place(synapses.pre, turn[q.source.name] + TURN["deliver"])
        objects.append(synapses)
    b2.Network(*objects).run(samples * period * dt, namespace={})

    found, potentials = [], {}
    for index, monitor in spike_monitors.items():
        step = np.round(np.asarray(monitor.t / dt)).astype(int)
        found.append((step // period, index, step % period, np.asarray(monitor.i)))
    for index, monitor in traces.items():
        trace = np.asarray(monitor.v).T
        potentials[index] = trace.reshape(samples, period, -1)[:, :steps]
    return found, potentials


def columns(p):
    """Values of the parameters, by the names in the equations."""
    of_ports = {f"{name}{port}": column for name in ("alpha", "couple", "bias")
                for port, column in enumerate(getattr(p, name))}
    return dict(beta=p.beta, gain=p.gain, threshold_v=p.threshold, refractory_steps=p.refractory_steps,
                rho=p.rho, strength=p.strength, **of_ports)


def source(p, spikes, digits, period, dt, turn):
    """A source whose neuron `digits * n + b` fires where binary digit b of n's number of spikes is 1."""
    indices, steps = [np.zeros(0, int)], [np.zeros(0, int)]
    for (sample, index), (step, neuron, count) in spikes.items():
        for digit in range(digits if index == p.index else 0):
            is_set = (count >> digit) & 1 == 1
            indices.append(neuron[is_set] * digits + digit)
            steps.append(step[is_set] + sample * period)
    return b2.SpikeGeneratorGroup(p.size * digits, np.concatenate(indices), np.concatenate(steps) * dt,
                                  when="groups", order=turn + TURN["threshold"])


def place(part, order):
    part.when, part.order = "groups", order


if __name__ == "__main__":
    main(run, __doc__, [("--codegen", dict(default="numpy", help="target of Brian2's code: numpy, or cython, "
                                                                 "which needs a compiler and is faster"))])
