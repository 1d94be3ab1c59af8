"""The dashboard of devices: what they measure, and how they themselves are."""

from panels.grafana import dashboard as board
from panels.grafana import graph, section, stat, variable

IS = 'fleet=~"$fleet",device_id=~"$device"'
RATE = "[$__rate_interval]"
DEVICE = "{{device_id}}"


def of(name):
    return f"{name}{{{IS}}}"


def measured(title, name, unit, **more):
    return graph(title, (of(name), DEVICE), unit=unit, **more)


def overview():
    return [
        section("Overview"),
        stat("Devices", f"count({of('iot_status_uptime')})", width=6),
        stat("Faults that are active", f"sum({of('iot_fault_active')}) or vector(0)",
             help_text="As the simulator makes them: its ground truth.", steps={1: "orange"},
             width=6),
        stat("Lowest battery", f"min({of('iot_status_battery')})", "percent",
             steps={0: "red", 20: "green"}, width=6),
        stat("Weakest signal", f"min({of('iot_status_rssi')})", "dBm", width=6),
    ]  # fmt: skip


def environment():
    return [
        section("Environment"),
        measured("Temperature", "iot_environment_temperature", "celsius"),
        measured("Humidity", "iot_environment_humidity", "humidity", minimum=0, maximum=100),
        measured("Pressure", "iot_environment_pressure", "pressurehpa"),
        measured("Light", "iot_environment_light", "lux", minimum=0),
    ]


def machines():
    return [
        section("Machines"),
        measured("Vibration velocity", "iot_vibration_velocity_rms", "suffix: mm/s", minimum=0,
                 help_text="Root mean square, 10 Hz to 1 kHz, as ISO 10816-1 judges it."),
        measured("Vibration acceleration", "iot_vibration_acceleration_rms", "accMS2", minimum=0),
        measured("Crest factor", "iot_vibration_crest_factor", "short", minimum=0),
        measured("Temperature of bearings", "iot_vibration_temperature", "celsius"),
        graph("Acceleration of motion sensors",
              (f"sqrt({of('iot_imu_acc_x')}^2 + {of('iot_imu_acc_y')}^2 + {of('iot_imu_acc_z')}^2)",
               DEVICE), unit="accMS2", help_text="Its magnitude: 9.81 at rest."),
        measured("Speed of trackers", "iot_gps_speed", "velocityms", minimum=0),
    ]  # fmt: skip


def energy():
    return [
        section("Energy and end devices"),
        measured("Active power", "iot_energy_power", "watt"),
        graph("Energy a day", (f"rate({of('iot_energy_joules_total')}{RATE}) * 86400 / 3.6e6",
                               DEVICE), unit="kwatth", minimum=0,
              help_text="What it comes to if it goes on as now."),
        measured("Mains voltage", "iot_energy_voltage", "volt"),
        graph("End devices", (of("iot_end_device_cpu"), DEVICE + " cpu"),
              (of("iot_end_device_ram"), DEVICE + " ram"),
              (of("iot_end_device_storage"), DEVICE + " storage"), unit="percent", minimum=0,
              maximum=100),
    ]  # fmt: skip


def devices():
    return [
        section("Devices"),
        measured("Battery", "iot_status_battery", "percent", minimum=0, maximum=100,
                 help_text="Of those that have one."),
        measured("Signal", "iot_status_rssi", "dBm"),
        measured("Latency", "iot_status_latency", "s", minimum=0),
        measured("Clock ahead of true time", "iot_status_clock_offset", "s"),
    ]  # fmt: skip


def dashboard():
    fleets = "label_values(iot_status_uptime, fleet)"
    ids = 'label_values(iot_status_uptime{fleet=~"$fleet"}, device_id)'
    return board(
        "weir-sensors",
        "Weir / Sensors",
        "Devices as the source iot_simulator makes them. With thousands of them choose a few.",
        [variable("fleet", "Fleet", fleets), variable("device", "Device", ids)],
        [*overview(), *environment(), *machines(), *energy(), *devices()],
    )
