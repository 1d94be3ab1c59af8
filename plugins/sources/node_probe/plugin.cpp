// What the agent loads: one type of component, the source node_probe.
#include "node_probe.hpp"

WEIR_PLUGIN("node_probe", "0.1.0",
            weir::source<node_probe::NodeProbe>("node_probe",
                                                "Measures this host: CPU, memory, disks, file "
                                                "systems, network, sensors."))
