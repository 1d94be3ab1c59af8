#include "iot_simulator.hpp"

#include <algorithm>
#include <stdexcept>

#include "configured_world.hpp"
#include "status.hpp"
#include "weir/simulate_seed.hpp"

namespace weir::iot {

namespace {

constexpr Time kDefaultInterval = 15 * kSecond;   // where the agent does not say
constexpr Time kStatusEvery = 10 * kSecond;       // of devices that measure more often on their own
constexpr std::uint64_t kSamplesPerMessage = 64;  // an IMU sends packets
constexpr double kSpikeShare = 0.25;              // of the samples while a sensor spikes

void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error(path + ": " + what);
}

// At most, of one collection.
std::uint64_t rows_of(const Fleet& fleet, Time interval) {
  const Time every = fleet.sampling(0, interval, 0).every;
  return static_cast<std::uint64_t>((interval + every - 1) / every) * fleet.options.count;
}

weir::Schema with_labels(weir::Schema schema) {
  for (const char* label : {"device_id", "fleet", "owner_id", "location", "firmware"}) {
    schema.label(label);
  }
  return schema;
}

// One word after the other.
void tell(std::string& told, std::string_view what) {
  if (!told.empty()) told += ' ';
  told += what;
}

}  // namespace

void IotSimulator::check(const Options& options, weir::Problems& problems) {
  bool found = false;
  const Report report = [&](const std::string& path, const std::string& what) {
    found = true;
    problems.add(path.c_str(), what);
  };
  Places places;
  const World world = whole_world(options, places, report);
  const bool complete = !found;  // a file that cannot be read has devices that are not known
  if (complete && world.devices.empty()) {
    report(options.devices_file.empty() ? "devices" : "devices_file",
           "there is no device in it: write a fleet, such as 'devices: {env: {kind: "
           "environment}}', or leave it out for some of each kind");
  }
  build_world(world, 0, with_places(places, report), complete);
}

void IotSimulator::start() {
  const std::uint64_t seed = sim::world_seed(agent_, options_.seed);
  Places places;
  const World world = whole_world(options_, places, fail);
  world_ = build_world(world, seed, with_places(places, fail));
  series_.reserve(world_.keys.size());
  if (options_.status) {
    status_series_.reserve(world_.keys.size());
    status_ = agent_.measurement(
        with_labels(weir::Schema("iot_status", "What devices tell of themselves."))
            .gauge("battery", "percent", "Charge of the battery; absent on mains.")
            .gauge("battery_voltage", "volts", "Voltage of the battery; absent on mains.")
            .gauge("rssi", "dbm", "Strength of the received signal.")
            .gauge("latency", "seconds", "From the device to the agent.")
            .gauge("uptime", "seconds", "Since the device began.")
            .gauge("clock_offset", "seconds",
                   "How far the device's clock is ahead; ground truth."));
  }
  for (const Fleet& fleet : world_.fleets) intern(fleet);
}

Time IotSimulator::interval() const {
  return agent_.interval() > 0 ? agent_.interval() : kDefaultInterval;
}

void IotSimulator::intern(const Fleet& fleet) {
  const auto kind = static_cast<std::size_t>(fleet.options.kind);
  if (models_[kind] == nullptr) {
    models_[kind] = make_model(fleet.options.kind);
    const Model& model = *models_[kind];
    weir::Schema schema = with_labels(weir::Schema(model.measurement(), model.help()));
    for (const Channel& c : model.channels()) {
      schema.field(c.name, WEIR_F64, c.metric, c.unit, c.help, c.flat_name);
      if (c.metric == WEIR_GAUGE) ++gauge_counts_[kind];
    }
    schema.field("sequence", WEIR_U64, WEIR_COUNTER, "",
                 "Number of the sample; a gap is what was lost.",
                 std::string(model.measurement()) + "_sequence_total");
    schema.field("fault", WEIR_STRING, WEIR_GAUGE, "",
                 "Ground truth: the faults in this row's values, such as stuck:temperature; absent "
                 "where there is none.");
    measurements_[kind] = agent_.measurement(schema);
  }
  if (!fleet.faults.empty() && fault_events_ == nullptr) {
    fault_events_ = agent_.measurement(
        with_labels(weir::Schema("iot_fault", "Ground truth: faults as they begin and end."))
            .label("kind")
            .field("active", WEIR_BOOL, WEIR_GAUGE, "", "Whether the device has this fault now.")
            .field("field", WEIR_STRING, WEIR_GAUGE, "", "The value that is wrong, if it is one.")
            .gauge("duration", "seconds", "How long this fault lasts.",
                   "iot_fault_duration_seconds"));
  }
  for (std::uint32_t n = 0; n < fleet.options.count; ++n) {
    const std::string id = device_id(fleet, n);
    const std::uint32_t location = fleet.locations[n % fleet.locations.size()];
    const weir_string labels[] = {abi_string(id), abi_string(fleet.name),
                                  abi_string(in_turn(fleet.options.owners, n)),
                                  abi_string(world_.location_names[location]),
                                  abi_string(in_turn(fleet.options.firmware, n))};
    series_.push_back(agent_.series(measurements_[kind], labels));
    if (status_ != nullptr) status_series_.push_back(agent_.series(status_, labels));
  }
}

void IotSimulator::collect(weir::Time time) {
  const Time interval = this->interval();
  const Time from = time - interval;
  if (status_ != nullptr) {
    status_rows_ = std::make_unique<RowWriter>(agent_, status_, world_.keys.size());
  }
  if (fault_events_ != nullptr)
    fault_rows_ = std::make_unique<RowWriter>(agent_, fault_events_, 64);
  for (const Fleet& fleet : world_.fleets) {
    const auto kind = static_cast<std::size_t>(fleet.options.kind);
    RowWriter rows(agent_, measurements_[kind], rows_of(fleet, interval));
    for (std::uint32_t n = 0; n < fleet.options.count && !agent_.stopping(); ++n) {
      const auto turn = static_cast<std::uint32_t>(n % fleet.locations.size());
      const std::uint64_t index = fleet.first_key + n;
      const Device device{
          fleet,
          n,
          index,
          {fleet, world_.climates[fleet.locations[turn]], turn, world_.keys[index]}};
      collect_device(device, interval, from, time, rows);
    }
    rows.flush();
  }
  if (status_rows_) status_rows_->flush();
  if (fault_rows_) fault_rows_->flush();
  status_rows_.reset();
  fault_rows_.reset();
}

void IotSimulator::collect_device(const Device& device, Time interval, Time from, Time to,
                                  RowWriter& rows) {
  const bool is_imu = device.fleet.options.kind == Kind::imu;
  const Sampling sampling = device.fleet.sampling(device.subject.key, interval, to);
  const bool with_sample =
      !is_imu && (!device.fleet.options.every || sampling.every >= kStatusEvery);
  const std::int64_t last = sampling.index(to);
  for (std::int64_t n = sampling.index(from) + 1; n <= last && !agent_.stopping(); ++n) {
    const auto message = static_cast<std::uint64_t>(n) / (is_imu ? kSamplesPerMessage : 1);
    if (is_lost(device.fleet, device.subject.key, message)) continue;
    emit_sample(device, sampling, n, rows);
    if (with_sample && status_rows_) emit_status(device, sampling, sampling.time(n));
  }
  if (!with_sample && status_rows_) {
    const Sampling grid{kStatusEvery, 0};
    for (std::int64_t n = grid.index(from) + 1; n <= grid.index(to); ++n) {
      emit_status(device, sampling, grid.time(n));
    }
  }
  if (!device.fleet.faults.empty()) emit_fault_events(device, from, to);
}

void IotSimulator::emit_sample(const Device& device, const Sampling& sampling, std::int64_t n,
                               RowWriter& rows) {
  const auto kind = static_cast<std::size_t>(device.fleet.options.kind);
  const Time t = sampling.time(n);
  Values values;
  models_[kind]->measure(device.subject, t, values);
  Time clock = t + clock_offset(device.fleet, device.subject.key, t);
  Effects effects;
  if (!device.fleet.faults.empty()) {
    effects = effects_at(device, sampling, t, &values);
    if (effects.silent) return;
    clock += effects.clock;
  }
  const auto [batch, row] = rows.add(series_[device.index], clock);
  const auto channels = static_cast<std::uint32_t>(models_[kind]->channels().size());
  for (std::uint32_t i = 0; i < channels; ++i) {
    if (is_absent(values[i])) {
      batch.set_null(i, row);
    } else {
      batch.set(i, row, values[i]);
    }
  }
  batch.set_u64(channels, row, static_cast<std::uint64_t>(n));
  batch.set_string(channels + 1, row, effects.told);
  if (effects.told.empty()) batch.set_null(channels + 1, row);
}

void IotSimulator::emit_status(const Device& device, const Sampling& sampling, Time t) {
  const Fleet& fleet = device.fleet;
  const std::uint64_t key = device.subject.key;
  Time offset = clock_offset(fleet, key, t);
  Time boot = boot_time(key, t);
  if (!fleet.faults.empty()) {
    const Effects effects = effects_at(device, sampling, t, nullptr);
    if (effects.silent) return;
    offset += effects.clock;
    for (const Fault& fault : fleet.faults) {
      if (fault.kind != FaultKind::reboot) continue;
      if (const auto w = window_before(fault, device.number, key, t, boot)) boot = w->end;
    }
  }
  const auto [batch, row] = status_rows_->add(status_series_[device.index], t + offset);
  if (fleet.battery_life > 0) {
    const Battery battery = battery_at(fleet, key, t);
    batch.set(0, row, battery.percent);
    batch.set(1, row, battery.volts);
  } else {
    batch.set_null(0, row);
    batch.set_null(1, row);
  }
  batch.set(2, row, rssi_dbm(key, t));
  batch.set(3, row, latency_seconds(fleet, key, t));
  batch.set(4, row, static_cast<double>(periods(t - boot, kSecond)));
  batch.set(5, row, seconds(offset));
}

IotSimulator::Effects IotSimulator::effects_at(const Device& device, const Sampling& sampling,
                                               Time t, Values* values) {
  Effects effects;
  for (const Fault& fault : device.fleet.faults) {
    const auto window = window_at(fault, device.number, device.subject.key, t);
    if (!window) continue;
    switch (fault.kind) {
      case FaultKind::dropout:
      case FaultKind::reboot: effects.silent = true; return effects;
      case FaultKind::clock_skew:
        effects.clock += static_cast<Time>(clock_skew_seconds(fault, *window, t) * 1e9);
        tell(effects.told, "clock_skew");
        break;
      default:
        if (values != nullptr) strike(device, sampling, fault, *window, t, *values, effects);
    }
  }
  return effects;
}

void IotSimulator::strike(const Device& device, const Sampling& sampling, const Fault& fault,
                          const Window& window, Time t, Values& values, Effects& effects) {
  const auto kind = static_cast<std::size_t>(device.fleet.options.kind);
  Model& model = *models_[kind];
  const std::size_t i = channel_of(fault, window, gauge_counts_[kind]);
  const Channel& channel = model.channels()[i];
  const double magnitude = magnitude_of(fault, channel);
  if (is_absent(values[i])) return;  // there is nothing to be wrong
  const std::uint64_t h = sim::mix(window.key, static_cast<std::uint64_t>(t));
  switch (fault.kind) {
    case FaultKind::stuck: {
      Values last;  // what it showed last before it stuck
      model.measure(device.subject, sampling.time(sampling.index(window.begin)), last);
      if (is_absent(last[i])) return;
      values[i] = last[i];
      break;
    }
    case FaultKind::spike:
      if (sim::uniform(h) >= kSpikeShare) return;
      values[i] += sim::uniform(sim::mix(h)) < 0.5 ? magnitude : -magnitude;
      break;
    case FaultKind::drift:
      values[i] += magnitude * static_cast<double>(t - window.begin) /
                   static_cast<double>(window.end - window.begin);
      break;
    case FaultKind::bias: values[i] += magnitude; break;
    default: values[i] += magnitude * sim::normal(h);
  }
  values[i] = model.quantised(i, values[i]);
  tell(effects.told, std::string(name_of(fault.kind)) + ":" + channel.name);
}

void IotSimulator::emit_fault_events(const Device& device, Time from, Time to) {
  std::vector<std::pair<FaultKind, Time>> told;  // a series has one row at a time
  const std::uint64_t key = device.subject.key;
  const auto kind = static_cast<std::size_t>(device.fleet.options.kind);
  for (const Fault& fault : device.fleet.faults) {
    windows_between(fault, device.number, key, from, to, [&](const Window& window) {
      for (const Time t : {window.begin, window.end}) {
        if (t <= from || t > to) continue;
        const std::pair event{fault.kind, t};
        if (std::find(told.begin(), told.end(), event) != told.end()) continue;
        told.push_back(event);
        const bool active = std::any_of(
            device.fleet.faults.begin(), device.fleet.faults.end(), [&](const Fault& other) {
              return other.kind == fault.kind && window_at(other, device.number, key, t);
            });
        const auto [batch, row] = fault_rows_->add(fault_series(device, fault.kind), t);
        const bool has_field = fault.kind <= FaultKind::noise;
        batch.set_bool(0, row, active);
        batch.set_string(
            1, row,
            has_field
                ? models_[kind]->channels()[channel_of(fault, window, gauge_counts_[kind])].name
                : "");
        if (!has_field) batch.set_null(1, row);
        batch.set(2, row, seconds(fault.duration));
      }
    });
  }
}

const weir_series* IotSimulator::fault_series(const Device& device, FaultKind kind) {
  const std::uint64_t slot = device.index * kFaultKindCount + static_cast<std::uint64_t>(kind);
  const weir_series*& series = fault_series_[slot];
  if (series == nullptr) {
    const Fleet& fleet = device.fleet;
    series = agent_.series(
        fault_events_,
        {device_id(fleet, device.number), fleet.name, in_turn(fleet.options.owners, device.number),
         world_.location_names[fleet.locations[device.subject.location]],
         in_turn(fleet.options.firmware, device.number), name_of(kind)});
  }
  return series;
}

}  // namespace weir::iot
