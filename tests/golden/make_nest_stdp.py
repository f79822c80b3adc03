"""Makes nest_stdp.json: weights of NEST 3.10's stdp_synapse for prescribed pre- and postsynaptic spikes.

python -m venv venv; venv/bin/pip install nest-simulator==3.10.0; venv/bin/python make_nest_stdp.py

Both ends are parrot neurons driven by spike generators; the plastic synapse ends on port 1 of the
postsynaptic parrot, which archives its spikes for STDP but does not fire on that port.
"""
import json
import random

import nest

DT, STEPS, N_PRE, N_POST = 0.1, 100_000, 10, 3
DELAYS = [1, 10, 23, 100, 5, 40]  # steps

CONVENTIONS = [
    "Steps of dt ms; step s is time s*dt (NEST's time stamp). pre_spikes: steps in which the presynaptic neuron "
    "emits; post_spikes: steps in which the postsynaptic neuron emits. No initial state: K_plus = 0, t_last = 0.",
    "The whole delay d is dendritic: the presynaptic spike acts on the weight at its emission step t_pre, without "
    "delay, and a postsynaptic spike reaches the synapse at t_post + d.",
    "The weight changes only at presynaptic spikes; the recorded weight is the one sent with that very spike, after "
    "the changes of that spike. Postsynaptic spikes after the last presynaptic one leave no mark.",
    "All-to-all pairs. Coincidence t_post + d == t_pre: this pair counts for nothing (neither potentiation nor "
    "depression); that post spike is potentiated by the OLDER presynaptic spikes only (with this presynaptic spike, "
    "before the depression), and counts for the depression of LATER presynaptic spikes.",
    "Clipping at each single change: potentiation to at most Wmax, depression to at least 0.",
]
EQUATIONS = [
    "At each presynaptic spike t (ms), with t_last the previous one (0 before the first; K_plus then 0):",
    "1. for every postsynaptic spike with t_last < t_post + d <= t, in order of time: "
    "w = min(Wmax, Wmax*(w/Wmax + lambda*(1 - w/Wmax)^mu_plus * K_plus*exp(-((t_post + d) - t_last)/tau_plus)))",
    "2. K_minus = sum over all postsynaptic spikes with t_post + d < t (strictly) of exp(-(t - d - t_post)/tau_minus)",
    "3. w = max(0, Wmax*(w/Wmax - alpha*lambda*(w/Wmax)^mu_minus * K_minus)); 0^0 = 1",
    "4. the spike is sent (and recorded) with this w",
    "5. K_plus = K_plus*exp(-(t - t_last)/tau_plus) + 1; t_last = t",
]
CASES = [
    dict(name="additive", seed=31, Wmax=1.0, alpha=0.9, mu_plus=0.0, mu_minus=0.0, tau_plus=20.0, tau_minus=20.0,
         **{"lambda": 0.06}),
    dict(name="multiplicative", seed=32, Wmax=2.5, alpha=1.0, mu_plus=1.0, mu_minus=1.0, tau_plus=15.0,
         tau_minus=30.0, **{"lambda": 0.05}),
    dict(name="mixed", seed=33, Wmax=100.0, alpha=1.05, mu_plus=0.4, mu_minus=0.6, tau_plus=20.0, tau_minus=25.0,
         **{"lambda": 0.03}),
    dict(name="coincident", seed=34, Wmax=1.0, alpha=1.05, mu_plus=0.0, mu_minus=0.0, tau_plus=20.0, tau_minus=20.0,
         **{"lambda": 0.02}),
]


def train(rnd, rate):
    return [s for s in range(2, STEPS - 200) if rnd.random() < rate * DT / 1000.0]


def draw(case):
    """Spike trains in steps and synapses [pre, post, delay, initial weight]."""
    rnd = random.Random(case["seed"])
    post = [train(rnd, rnd.uniform(8.0, 16.0)) for _ in range(N_POST)]
    pre = [train(rnd, rnd.uniform(8.0, 18.0)) for _ in range(N_PRE)]
    synapses = [[i, j, DELAYS[(i + 2 * j) % len(DELAYS)], round(rnd.uniform(0.0, 1.0) * case["Wmax"], 4)]
                for i in range(N_PRE) for j in range(N_POST)]
    synapses[0][3], synapses[1][3] = 0.0, case["Wmax"]  # both bounds as initial weights
    if case["name"] == "coincident":
        for i, j, d, _ in synapses:
            hits = [s + d for s in post[j] if rnd.random() < 0.25]
            pre[i] = sorted(set(rnd.sample(pre[i], max(0, len(pre[i]) - len(hits))) + hits))
    return pre, post, synapses


def run(case):
    pre, post, synapses = draw(case)
    nest.ResetKernel()
    nest.set(resolution=DT, local_num_threads=1)
    pres = nest.Create("parrot_neuron", N_PRE)
    posts = nest.Create("parrot_neuron", N_POST, params=dict(tau_minus=case["tau_minus"]))
    recorder = nest.Create("spike_recorder", params=dict(time_in_steps=True))
    nest.Connect(pres + posts, recorder)
    for cells, trains in ((pres, pre), (posts, post)):
        for cell, steps in zip(cells, trains):  # a parrot emits one step after its generator
            gen = nest.Create("spike_generator", params=dict(spike_times=[round((s - 1) * DT, 1) for s in steps]))
            nest.Connect(gen, cell, syn_spec=dict(weight=1.0, delay=DT))
    weights = nest.Create("weight_recorder", params=dict(time_in_steps=True))
    nest.CopyModel("stdp_synapse", "plastic", dict(weight_recorder=weights))
    rule = {k: case[k] for k in ("Wmax", "alpha", "mu_plus", "mu_minus", "tau_plus", "lambda")}
    for i, j, d, w in synapses:
        nest.Connect(pres[i], posts[j], syn_spec=dict(rule, synapse_model="plastic", weight=w, delay=d * DT,
                                                      receptor_type=1))
    nest.Simulate(STEPS * DT)
    emitted = {int(g): [] for g in (pres + posts).global_id}
    for s, t in zip(recorder.events["senders"], recorder.events["times"]):
        emitted[int(s)].append(int(t))
    assert [emitted[int(c.global_id)] for c in pres] == pre and [emitted[int(c.global_id)] for c in posts] == post
    sent = {(i, j): [] for i, j, _, _ in synapses}
    ev = weights.events
    for s, r, t, w in sorted(zip(ev["senders"], ev["targets"], ev["times"], ev["weights"]), key=lambda x: x[2]):
        key = (int(s) - int(pres.global_id[0]), int(r) - int(posts.global_id[0]))
        assert pre[key[0]][len(sent[key])] == int(t)
        sent[key].append(float(w))
    final = [float(nest.GetConnections(pres[i], posts[j], synapse_model="plastic").weight) for i, j, _, _ in synapses]
    hits = sum(len(set(pre[i]) & {s + d for s in post[j]}) for i, j, d, _ in synapses)
    lists = [sent[i, j] for i, j, _, _ in synapses]
    print(case["name"], "pre", sum(map(len, pre)), "post", sum(map(len, post)), "weights", sum(map(len, lists)),
          "coincidences", hits, "at bounds", sum(w in (0.0, case["Wmax"]) for x in lists for w in x))
    return dict(name=case["name"], dt=DT, steps=STEPS, rule=dict(rule, tau_minus=case["tau_minus"]), pre_spikes=pre,
                post_spikes=post, synapses=synapses, coincidences=hits, weights=lists, final_weights=final)


def main():
    doc = dict(made_with=f"NEST {nest.__version__} (nest-simulator, PyPI), stdp_synapse, parrot_neuron",
               made_by="make_nest_stdp.py", conventions=CONVENTIONS, equations=EQUATIONS,
               fields=dict(synapses="[pre, post, delay in steps, initial weight]",
                           weights="per synapse: the weight sent at each spike of its presynaptic neuron, in order",
                           final_weights="per synapse: the stored weight after the last step"),
               cases=[run(c) for c in CASES])
    with open("nest_stdp.json", "w") as f:
        f.write(json.dumps(doc, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


main()
