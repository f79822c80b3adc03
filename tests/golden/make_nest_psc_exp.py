"""Makes nest_psc_exp.json: recurrent iaf_psc_exp networks run by NEST (nest-simulator 3.10).

python -m venv venv; venv/bin/pip install nest-simulator==3.10.0; venv/bin/python make_nest_psc_exp.py
"""
import json
import random

import nest

CONVENTIONS = [
    "Steps are counted from 1: step s is the update that takes the state from time (s-1)*dt to s*dt; the "
    "state before step 1 is V=0, I_ex=0, I_in=0, no refractoriness. Traces have the state at the end of a step.",
    "Potentials in mV, currents and weights in pA, C_m in pF, times in ms; V is relative to E_L = 0.",
    "A spike (neuron's or generator's) emitted in step s reaches its target with delay d (steps) in step s+d.",
    "P22=exp(-dt/tau_m), P11x=exp(-dt/tau_syn_x), P21x=tau_m*tau_x/(C_m*(tau_m-tau_x))"
    "*(exp(-dt/tau_m)-exp(-dt/tau_x)), "
    "or dt/C_m*exp(-dt/tau_m) where tau_x = tau_m; P20=tau_m/C_m*(1-P22).",
]
EQUATIONS = [
    "1. if r == 0: V = P22*V + P21ex*I_ex + P21in*I_in + P20*I_e (with the OLD I_ex, I_in); "
    "else r = r-1, V stays V_reset",
    "2. I_ex = P11ex*I_ex; I_in = P11in*I_in (always, also while refractory)",
    "3. I_ex += sum of the positive weights arriving in this step; I_in += sum of the negative ones (I_in <= 0); "
    "they move V in the next step at the earliest",
    "4. if V >= V_th: spike in this step, V = V_reset, r = round(t_ref/dt): the next t_ref/dt steps leave V alone",
    "5. record V (V_reset in the step of a spike), I_ex, I_in",
]
CASES = [
    dict(name="dt0.1", seed=11, dt=0.1, steps=2000, n_ex=12, n_in=4, n_gen=8, gen_rate=120.0, w_gen=(500.0, 1400.0),
         w_ex=(60.0, 420.0), w_in=(-500.0, -80.0), p=0.4, p_gen=0.5, max_delay=40,
         neuron=dict(C_m=250.0, tau_m=10.0, tau_syn_ex=2.0, tau_syn_in=5.0, t_ref=2.0, V_th=15.0)),
    dict(name="dt0.5_tau_syn_ex_equals_tau_m", seed=12, dt=0.5, steps=600, n_ex=9, n_in=3, n_gen=8, gen_rate=60.0,
         w_gen=(150.0, 420.0), w_ex=(20.0, 120.0), w_in=(-260.0, -40.0), p=0.4, p_gen=0.5, max_delay=12,
         neuron=dict(C_m=200.0, tau_m=8.0, tau_syn_ex=8.0, tau_syn_in=3.0, t_ref=3.5, V_th=12.0)),
]
VARIABLES = dict(V_m="V_m", I_ex="I_syn_ex", I_in="I_syn_in")
TRACED = [0, 1, 2]


def build(case):
    """Draws the generators' spikes (steps) and the synapses of a case."""
    rnd = random.Random(case["seed"])
    n, dt = case["n_ex"] + case["n_in"], case["dt"]
    gens = []
    for _ in range(case["n_gen"]):
        p = case["gen_rate"] * dt / 1000.0
        gens.append([s for s in range(1, case["steps"] + 1) if rnd.random() < p])
    weight = lambda bounds: round(rnd.uniform(*bounds), 3)
    delay = lambda: rnd.randint(1, case["max_delay"])
    inputs = [[g, t, weight(case["w_gen"]), delay()]
              for g in range(len(gens)) for t in range(n) if rnd.random() < case["p_gen"]]
    synapses = [[s, t, weight(case["w_ex"] if s < case["n_ex"] else case["w_in"]), delay()]
                for s in range(n) for t in range(n) if s != t and rnd.random() < case["p"]]
    return gens, inputs, synapses


def run(case):
    dt, steps, n = case["dt"], case["steps"], case["n_ex"] + case["n_in"]
    gens, inputs, synapses = build(case)
    nest.ResetKernel()
    nest.set(resolution=dt, local_num_threads=1)
    params = dict(case["neuron"], E_L=0.0, V_reset=0.0, I_e=0.0)
    cells = nest.Create("iaf_psc_exp", n, params=dict(params, V_m=0.0))
    sources = [nest.Create("spike_generator", params=dict(spike_times=[round(s * dt, 1) for s in g])) for g in gens]
    for s, t, w, d in inputs:
        nest.Connect(sources[s], cells[t], syn_spec=dict(synapse_model="static_synapse", weight=w, delay=d * dt))
    for s, t, w, d in synapses:
        nest.Connect(cells[s], cells[t], syn_spec=dict(synapse_model="static_synapse", weight=w, delay=d * dt))
    recorder = nest.Create("spike_recorder", params=dict(time_in_steps=True))
    meter = nest.Create("multimeter", params=dict(record_from=list(VARIABLES.values()), interval=dt,
                                                  time_in_steps=True))
    nest.Connect(cells, recorder, syn_spec=dict(delay=dt))
    nest.Connect(meter, cells)
    nest.Simulate((steps + case["max_delay"] + 20) * dt)  # longer: the last records come out late
    first = cells.global_id[0]
    ev = recorder.events
    spikes = sorted([int(t), int(s) - first] for t, s in zip(ev["times"], ev["senders"]) if t <= steps)
    ev = meter.events
    full = {k: [[None] * steps for _ in range(n)] for k in VARIABLES}
    for i, (t, s) in enumerate(zip(ev["times"], ev["senders"])):
        if t <= steps:
            for k, name in VARIABLES.items():
                full[k][int(s) - first][int(t) - 1] = float(ev[name][i])
    traces = {k: [full[k][c] for c in TRACED] for k in full}
    sums = {k: [sum(full[k][c][s - 1] for c in range(n)) for s in range(10, steps + 1, 10)] for k in full}
    return dict(name=case["name"], dt=dt, steps=steps, n=n, n_ex=case["n_ex"], neuron=params,
                generator_spikes=gens, inputs=inputs, synapses=synapses, spikes=spikes,
                traced_neurons=TRACED, traces=traces, sums_every_10_steps=sums)


def main():
    doc = dict(made_with=f"NEST {nest.__version__} (nest-simulator, PyPI), iaf_psc_exp, static_synapse",
               made_by="make_nest_psc_exp.py", conventions=CONVENTIONS, equations=EQUATIONS,
               fields=dict(inputs="[generator, neuron, weight, delay in steps]",
                           synapses="[source, target, weight, delay in steps]", spikes="[step, neuron], sorted",
                           traces="per variable, per traced neuron: value at the end of steps 1, 2, ...",
                           sums_every_10_steps="per variable: sum over all neurons at the end of steps 10, 20, ..."),
               cases=[run(c) for c in CASES])
    with open("nest_psc_exp.json", "w") as f:
        f.write(json.dumps(doc, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"') + "\n")
    for c in doc["cases"]:
        per = [sum(1 for s in c["spikes"] if s[1] == i) for i in range(c["n"])]
        print(c["name"], "spikes", len(c["spikes"]), per, "synapses", len(c["synapses"]), "inputs", len(c["inputs"]))


main()
