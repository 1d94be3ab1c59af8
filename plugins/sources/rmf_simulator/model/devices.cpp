#include "model/devices.hpp"

#include <algorithm>

namespace rmf {

namespace {

std::string numbered(const char* type, const char* between, int number, int digits) {
  std::string text = std::to_string(number);
  text.insert(0, static_cast<std::size_t>(std::max(0, digits - static_cast<int>(text.size()))),
              '0');
  return std::string(type) + between + text;
}

struct PortSpec {
  const char* name;
  int count;
};
constexpr std::array<PortSpec, 3> kPortSpecs{
    {{"OSA", 4}, {"Hipersocket", 2}, {"FICON", kFiconPorts}}};
constexpr std::array<const char*, kDeviceTypes> kDeviceTypeNames{"3390", "flashcopy", "tape"};
constexpr std::array<int, kDeviceTypes> kDeviceCounts{k3390Devices, kFlashcopyDevices,
                                                      kTapeDevices};

template <std::size_t N, class Name>
std::array<DeviceName, N> names(std::size_t types, Name name) {
  std::array<DeviceName, N> all;
  std::size_t at = 0;
  for (std::size_t t = 0; t < types; ++t) {
    const auto [type, separator, digits, count] = name(t);
    for (int i = 0; i < count; ++i) {
      all.at(at++) = {type, numbered(type, separator, i, digits), static_cast<int>(t)};
    }
  }
  return all;
}

struct Naming {
  const char* type;
  const char* separator;
  int digits;
  int count;
};

}  // namespace

const std::array<DeviceName, kVolumes>& volume_names() {
  static const auto all = names<kVolumes>(kVolumeTypes, [](std::size_t t) {
    return Naming{kVolumeSpecs[t].name, "", 3, kVolumeSpecs[t].count};
  });
  return all;
}
const std::array<DeviceName, kLdevs>& ldev_names() {
  static const auto all = names<kLdevs>(kDeviceTypes, [](std::size_t t) {
    return Naming{kDeviceTypeNames[t], "_", 2, kDeviceCounts[t]};
  });
  return all;
}
const std::array<DeviceName, kPorts>& port_names() {
  static const auto all = names<kPorts>(kPortSpecs.size(), [](std::size_t t) {
    return Naming{kPortSpecs[t].name, "_", 2, kPortSpecs[t].count};
  });
  return all;
}
double port_speed_bytes_s(PortType type, Profile profile) {
  return type == kOsa ? 1000e6 : type == kHipersocket ? 10000e6 : ficon_bytes_s(profile);
}

DeviceModel::DeviceModel(const Config& config, std::uint64_t key)
    : profile_(config.profile), fast_(averaged(config.interval, 2 * kMinute)) {
  const std::uint64_t seed = config.seed;
  for (std::size_t i = 0; i < volumes_.size(); ++i) {
    VolumeTraits& v = volumes_[i];
    const bool system = volume_names()[i].type_index == kSysres;
    const double spread = system ? 0.08 : 0.32;
    const auto popularity = stream(seed, Stream::kVolumeSkew, key, i, 0);
    const auto skew = stream(seed, Stream::kVolumeSkew, key, i, 1);
    v.popularity = static_cast<float>(between(popularity, 1 - spread, 1 + spread));
    v.skew = static_cast<float>(between(skew, 0.88, 1.12));
    // Some volumes hold what is read again and again, some journals, some archives.
    const auto misses = stream(seed, Stream::kVolumeMix, key, i, 0);
    const auto writes = stream(seed, Stream::kVolumeMix, key, i, 1);
    v.misses = static_cast<float>(between(misses, 0.35, 1.65));
    v.writes = static_cast<float>(between(writes, 0.65, 1.35));
    v.slow = Noise(stream(seed, Stream::kVolumeSlow, key, i), 25 * kMinute);
    v.fast = Noise(stream(seed, Stream::kVolumeFast, key, i), 2 * kMinute);
  }
  for (std::size_t i = 0; i < ldevs_.size(); ++i) {
    ldevs_[i] = Noise(stream(seed, Stream::kDevice, key, i), 18 * kMinute);
  }
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    ports_[i] = Noise(stream(seed, Stream::kPort, key, i), 5 * kMinute);
  }
}

void DeviceModel::at(Time time, Lpar& lpar, const LparState& state, Devices& out) {
  volumes_at(time, lpar, state, out);
  ldevs_at(time, lpar, state, out);
  ports_at(time, lpar, state, out);
}

void DeviceModel::volumes_at(Time time, Lpar& lpar, const LparState& state, Devices& out) {
  const double channel = std::min(0.95, state.channel_load);
  const double backend = backend_busy(state);
  std::array<Mix, kVolumeTypes> mix{};
  std::array<double, k3390Devices> array{};
  std::array<double, kVolumes> wanted_rate{};
  std::array<double, kControlUnits> wanted{};  // exposures
  for (std::size_t t = 0; t < mix.size(); ++t) {
    mix[t] = volume_mix(lpar, state, static_cast<int>(t), time);
  }
  for (std::size_t i = 0; i < array.size(); ++i) array[i] = ldevs_[i].at(time);
  for (std::size_t i = 0; i < volumes_.size(); ++i) {
    VolumeTraits& v = volumes_[i];
    const int type = volume_names()[i].type_index;
    const auto t = static_cast<std::size_t>(type);
    const double slow = v.slow.at(time);
    const double moves =
        std::max(0.25, 1 + 0.11 * slow + 0.045 * fast_ * v.fast.at(time)) * v.popularity;
    const auto unit = static_cast<std::size_t>(control_unit_of_volume(static_cast<int>(i)));
    // What is asked for more often is in the cache; an array's data comes and goes together.
    const double other = array[static_cast<std::size_t>(ldev_of_volume(static_cast<int>(i)))];
    const double misses = v.misses * std::max(0.3, 1 - 0.10 * slow + 0.12 * other);
    const double writes = v.writes * std::max(0.3, 1 - 0.05 * slow - 0.06 * other);
    Volume& volume = out.volumes[i];
    volume.hits = 1 - std::min(0.9, (1 - mix[t].hits) * misses);
    volume.writes = std::min(0.9, mix[t].writes * writes);
    volume.times = serve_volume({.type = type,
                                 .skew = v.skew,
                                 .slow = state.effects.slow[unit],
                                 .hits = volume.hits,
                                 .writes = volume.writes,
                                 .backend_busy = backend,
                                 .channel_busy = channel});
    wanted_rate[i] = state.io_level[t] * kVolumeSpecs[t].rate * lpar.size() * moves;
    wanted[unit] += exposures_wanted(volume.times, wanted_rate[i]);
  }
  for (std::size_t i = 0; i < volumes_.size(); ++i) {
    const auto unit = static_cast<std::size_t>(control_unit_of_volume(static_cast<int>(i)));
    DeviceTimes& times = out.volumes[i].times;
    times.pav = exposures(exposures_wanted(times, wanted_rate[i]), wanted[unit], lpar.size());
    queue_requests(wanted_rate[i], times);
    out.volumes[i].utilisation = 100 * saturate(times.rate * (times.disc + times.conn));
  }
}

// An LDEV of the array carries two or three volumes, on two paths.
void DeviceModel::ldevs_at(Time time, const Lpar& lpar, const LparState& state, Devices& out) {
  const bool documented = profile_ == Profile::kDocumented;
  const double slower = documented ? kDocumentedSlowness : 1.0;
  const double paths = documented ? 2.4 : 2;  // more, for the documents' 40 % of more requests
  for (Ldev& l : out.ldevs) l = Ldev{};
  for (std::size_t i = 0; i < out.volumes.size(); ++i) {
    const DeviceTimes& v = out.volumes[i].times;
    Ldev& l = out.ldevs[static_cast<std::size_t>(ldev_of_volume(static_cast<int>(i)))];
    DeviceTimes& sum = l.times;
    sum.rate += v.rate;
    sum.iosq += v.rate * v.iosq;
    sum.command += v.rate * v.command;
    sum.busy += v.rate * v.busy;
    sum.pend += v.rate * v.pend;
    sum.disc += v.rate * v.disc;
    sum.conn += v.rate * v.conn;
    l.kib += v.rate * kVolumeSpecs[static_cast<std::size_t>(volume_names()[i].type_index)].kib;
  }
  for (std::size_t i = 0; i < out.ldevs.size(); ++i) {
    Ldev& l = out.ldevs[i];
    const int type = ldev_names()[i].type_index;
    if (type == k3390) {
      const double rate = l.times.rate;
      for (double* time_s : {&l.times.iosq, &l.times.command, &l.times.busy, &l.times.pend,
                             &l.times.disc, &l.times.conn}) {
        *time_s *= slower / rate;
      }
      l.kib /= rate;
      l.times.rate = rate / slower;
      const double offered = l.times.rate * (l.times.disc + l.times.conn) / paths;
      l.utilisation = 97 * saturate(offered / 0.97);
      continue;
    }
    const double moves = std::max(0.2, 1 + 0.13 * ldevs_[i].at(time));
    const bool tape = type == kTape;
    const double service = state.device_response[static_cast<std::size_t>(type)];
    const double level = tape ? tape_level(lpar, state) : copy_level(lpar, state);
    const double busy =
        0.97 * saturate((tape ? kTapeBusy : kFlashcopyBusy) * level * moves *
                        (documented ? 1.0 : std::min(1.0, std::sqrt(lpar.size()))) / 0.97);
    l.utilisation = 100 * busy;
    l.times.pend = 0.08 * service;
    l.times.conn = 0.52 * service;
    l.times.disc = 0.40 * service;
    l.times.rate = busy / (l.times.disc + l.times.conn);
    l.kib = tape ? 256 : 64;
  }
}

void DeviceModel::ports_at(Time time, const Lpar& lpar, const LparState& state, Devices& out) {
  double data = 0;
  for (std::size_t i = 0; i < out.volumes.size(); ++i) {
    data += out.volumes[i].times.rate * 1024 *
            kVolumeSpecs[static_cast<std::size_t>(volume_names()[i].type_index)].kib;
  }
  // A tape drive moves 100 MB/s while it is busy.
  for (std::size_t i = 0; i < out.ldevs.size(); ++i) {
    if (ldev_names()[i].type_index == kTape) data += out.ldevs[i].utilisation / 100 * 100e6;
  }
  double net = 0;
  constexpr std::array<double, kServices> kBytes{0, 100e3, 90e3, 30e3, 250e3, 500e3, 0, 0, 0};
  for (std::size_t k = 0; k < kBytes.size(); ++k) net += state.services[k].rate * kBytes[k];
  double memory_net = 1.1 * net + 1.4e9 * state.batch_level;
  if (profile_ == Profile::kDocumented) {  // the documents' OSA 35 %, Hipersocket 15 %
    const double level = lpar.documented_factor() * state.activity;
    net = level * 0.35 * 4 * port_speed_bytes_s(kOsa, profile_);
    memory_net = level * 0.15 * 2 * port_speed_bytes_s(kHipersocket, profile_);
  }

  std::array<double, 3> weights{};
  std::array<double, kPorts> weight{};
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const auto type = static_cast<std::size_t>(port_names()[i].type_index);
    // FICON paths of a group are balanced by the channel subsystem, OSA ports by whoever connects.
    weight[i] = std::max(0.3, 1 + (type == kFicon ? 0.03 : 0.14) * ports_[i].at(time));
    weights[type] += weight[i];
  }
  // Of channels that others use too, one gets its part.
  const double load = state.channel_used / kFiconLimit;
  const double part = load > 0 ? saturate(load) / load : 1;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const int type = port_names()[i].type_index;
    const double total = type == kFicon ? data * part : type == kOsa ? net : memory_net;
    const double speed = port_speed_bytes_s(static_cast<PortType>(type), profile_);
    const double offered = total * weight[i] / weights[static_cast<std::size_t>(type)] / speed;
    const double used = type == kFicon ? offered : 0.97 * saturate(offered / 0.97);
    out.ports[i].utilisation = 100 * used;
    out.ports[i].bytes_s = used * speed;
  }
}

}  // namespace rmf
