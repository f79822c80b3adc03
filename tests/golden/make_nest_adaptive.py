"""Makes nest_adaptive.json: networks of adaptive LIF neurons (LSNN, Bellec et al. 2020) run by NEST 3.10.

python -m venv venv; venv/bin/pip install nest-simulator==3.10.0; venv/bin/python make_nest_adaptive.py

The neurons are eprop_iaf_adapt, without any e-prop synapse: ordinary static_synapse with any delay,
recurrence included; eprop_reset_neurons_on_update is switched off.
"""
import json
import random

import nest

CONVENTIONS = [
    "Steps are counted from 1: step s is the update that takes the state from time (s-1)*dt to s*dt; before "
    "step 1 v=0, a=0, z=0, r=0. Traces have the values at the end of a step. E_L = 0.",
    "A spike (neuron's or generator's) emitted in step s reaches its target with delay d (steps) in step s+d.",
    "alpha=exp(-dt/tau_m), rho=exp(-dt/adapt_tau). Weights of spikes are jumps of v in the step in which they "
    "arrive.",
]
EQUATIONS = [
    "1. if r > 0: r = r-1",
    "2. v = alpha*v + (sum of the weights arriving in this step)",
    "3. a = rho*a + z (z from the previous step); A = V_th + adapt_beta*a",
    "4. z = 1 if v >= A and r == 0, else 0. With z = 1: spike in this step, r = round(t_ref/dt): the next spike "
    "is possible max(1, t_ref/dt) steps later; v goes on meanwhile",
    "5. v = v - V_th*z with the new z (the base threshold V_th, not the adapted one)",
    "6. record v, a, A",
]
CASES = [
    dict(name="slow_adaptation", seed=21, n=10, n_ex=7, steps=500, n_gen=8, gen_rate=80.0, w_gen=(0.1, 0.5),
         w_ex=(0.02, 0.25), w_in=(-0.3, -0.05), p=0.5, max_delay=6,
         params=dict(V_th=0.6, tau_m=20.0, C_m=20.0, t_ref=0.0, adapt_tau=120.0, adapt_beta=0.174, I_e=0.0)),
    dict(name="refractory", seed=22, n=6, n_ex=4, steps=300, n_gen=6, gen_rate=80.0, w_gen=(0.3, 1.2),
         w_ex=(0.1, 0.5), w_in=(-0.6, -0.1), p=0.6, max_delay=5,
         params=dict(V_th=1.0, tau_m=15.0, C_m=250.0, t_ref=4.0, adapt_tau=60.0, adapt_beta=0.3, I_e=0.0)),
    dict(name="fast_adaptation", seed=23, n=6, n_ex=4, steps=300, n_gen=6, gen_rate=80.0, w_gen=(0.2, 0.8),
         w_ex=(0.05, 0.4), w_in=(-0.5, -0.1), p=0.6, max_delay=4,
         params=dict(V_th=0.8, tau_m=25.0, C_m=250.0, t_ref=2.0, adapt_tau=30.0, adapt_beta=0.5, I_e=0.0)),
]
VARIABLES = dict(v="V_m", a="adaptation", A="V_th_adapt")


def run(case):
    rnd, n, steps, dt = random.Random(case["seed"]), case["n"], case["steps"], 1.0
    gens = [[s for s in range(1, steps + 1) if rnd.random() < case["gen_rate"] * dt / 1000.0]
            for _ in range(case["n_gen"])]
    weight = lambda bounds: round(rnd.uniform(*bounds), 4)
    delay = lambda: rnd.randint(1, case["max_delay"])
    inputs = [[g, t, weight(case["w_gen"]), delay()]
              for g in range(case["n_gen"]) for t in range(n) if rnd.random() < case["p"]]
    synapses = [[s, t, weight(case["w_ex"] if s < case["n_ex"] else case["w_in"]), delay()]
                for s in range(n) for t in range(n) if s != t and rnd.random() < case["p"]]
    nest.ResetKernel()
    nest.set(resolution=dt, local_num_threads=1, eprop_reset_neurons_on_update=False)
    cells = nest.Create("eprop_iaf_adapt", n, params=dict(case["params"], E_L=0.0, V_m=0.0))
    sources = [nest.Create("spike_generator", params=dict(spike_times=[s * dt for s in g])) for g in gens]
    for s, t, w, d in inputs:
        nest.Connect(sources[s], cells[t], syn_spec=dict(synapse_model="static_synapse", weight=w, delay=d * dt))
    for s, t, w, d in synapses:
        nest.Connect(cells[s], cells[t], syn_spec=dict(synapse_model="static_synapse", weight=w, delay=d * dt))
    recorder = nest.Create("spike_recorder", params=dict(time_in_steps=True))
    meter = nest.Create("multimeter", params=dict(record_from=list(VARIABLES.values()), interval=dt,
                                                  time_in_steps=True))
    nest.Connect(cells, recorder, syn_spec=dict(delay=dt))
    nest.Connect(meter, cells)
    nest.Simulate((steps + 20) * dt)  # longer: the last records come out late
    first, ev = cells.global_id[0], recorder.events
    spikes = sorted([int(t), int(s) - first] for t, s in zip(ev["times"], ev["senders"]) if t <= steps)
    ev = meter.events
    traces = {k: [[None] * steps for _ in range(n)] for k in VARIABLES}
    for i, (t, s) in enumerate(zip(ev["times"], ev["senders"])):
        if t <= steps:
            for k, name in VARIABLES.items():
                traces[k][int(s) - first][int(t) - 1] = float(ev[name][i])
    per = [sum(1 for s in spikes if s[1] == c) for c in range(n)]
    print(case["name"], "spikes", len(spikes), per, "highest threshold", max(map(max, traces["A"])),
          "synapses", len(synapses), "inputs", len(inputs))
    return dict(name=case["name"], dt=dt, steps=steps, n=n,
                n_ex=case["n_ex"], neuron=case["params"], generator_spikes=gens, inputs=inputs, synapses=synapses,
                spikes=spikes, traces=traces)


def main():
    doc = dict(made_with=f"NEST {nest.__version__} (nest-simulator, PyPI), static_synapse, eprop_iaf_adapt",
               made_by="make_nest_adaptive.py", conventions=CONVENTIONS, equations=EQUATIONS,
               fields=dict(inputs="[generator, neuron, weight, delay in steps]",
                           synapses="[source, target, weight, delay in steps]", spikes="[step, neuron], sorted",
                           traces="v, a, A: per neuron, the value at the end of steps 1, 2, ..."),
               cases=[run(c) for c in CASES])
    with open("nest_adaptive.json", "w") as f:
        f.write(json.dumps(doc, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


main()
