"""Makes the SONATA network in this folder with bmtk 1.2.0: make_network.py FOLDER

Two populations of point neurons in one SONATA population, driven by a virtual one: weights and delays of types and of
edges, several synapses per edge, numbers of single nodes.
"""

import json
import sys
from pathlib import Path

import numpy as np
from bmtk.builder.networks import NetworkBuilder

folder = Path(sys.argv[1])
synapse = {"dynamics_params": "static.json", "model_template": "static_synapse"}

cortex = NetworkBuilder("cortex")
cortex.add_nodes(N=8, pop_name="exc", ei="e", model_type="point_neuron", model_template="nest:iaf_psc_delta",
                 dynamics_params="exc.json", x=np.arange(8.0))
cortex.add_nodes(N=4, pop_name="inh", ei="i", model_type="point_neuron", model_template="nest:iaf_psc_exp",
                 dynamics_params="inh.json")
cortex.add_edges(source={"pop_name": "exc"}, target={"pop_name": "inh"}, connection_rule=lambda source, target: 2,
                 syn_weight=900.0, delay=1.5, **synapse)
edges = cortex.add_edges(source={"pop_name": "exc"}, target={"pop_name": "exc"},
                         connection_rule=lambda source, target: int((source.node_id + target.node_id) % 3 == 0), **synapse)
edges.add_properties(["syn_weight", "delay"], dtypes=[float, float],
                     rule=lambda source, target: (0.5 + 0.25 * source.node_id, 0.5 * (1 + target.node_id)))
cortex.add_edges(source={"pop_name": "inh"}, target={"pop_name": "exc"}, connection_rule=1, syn_weight=-2.0, delay=2.0,
                 **synapse)
cortex.build()
cortex.save_nodes(output_dir=str(folder / "network"))
cortex.save_edges(output_dir=str(folder / "network"))

ears = NetworkBuilder("ears")
ears.add_nodes(N=10, model_type="virtual", pop_name="channels")
ears.add_edges(source=ears.nodes(), target=cortex.nodes(pop_name="exc"), syn_weight=9.0, delay=1.0,
               connection_rule=lambda source, target: int(source.node_id % 4 == target.node_id % 4), **synapse)
ears.build()
ears.save_nodes(output_dir=str(folder / "network"))
ears.save_edges(output_dir=str(folder / "network"))

components = folder / "components"
components.mkdir(exist_ok=True)
(components / "exc.json").write_text(json.dumps({"E_L": -70.0, "V_reset": -70.0, "V_th": -55.0, "tau_m": 20.0,
                                                 "t_ref": 2.0, "C_m": 250.0}))
(components / "inh.json").write_text(json.dumps({"tau_syn_ex": 3.0, "tau_syn_in": 4.0, "C_m": 100.0}))
(components / "static.json").write_text("{}")
(folder / "circuit_config.json").write_text(json.dumps({
    "manifest": {"$BASE_DIR": "${configdir}", "$NETWORK_DIR": "$BASE_DIR/network", "$COMPONENTS_DIR": "$BASE_DIR/components"},
    "components": {"point_neuron_models_dir": "$COMPONENTS_DIR", "synaptic_models_dir": "$COMPONENTS_DIR"},
    "networks": {
        "nodes": [{"nodes_file": f"$NETWORK_DIR/{name}_nodes.h5", "node_types_file": f"$NETWORK_DIR/{name}_node_types.csv"}
                  for name in ("cortex", "ears")],
        "edges": [{"edges_file": f"$NETWORK_DIR/{name}_edges.h5", "edge_types_file": f"$NETWORK_DIR/{name}_edge_types.csv"}
                  for name in ("cortex_cortex", "ears_cortex")],
    },
}, indent=2))
