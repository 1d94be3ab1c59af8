// The plugin's one symbol.
#include "iot_simulator.hpp"

WEIR_PLUGIN("iot_simulator", "0.1.0",
            weir::source<weir::iot::IotSimulator>(
                "iot_simulator",
                "Simulates devices: environment, vibration, IMU, energy, GPS, end devices.",
                WEIR_TIME_DRIVEN))
