#include "model/io.hpp"

#include <algorithm>

namespace rmf {

namespace {

constexpr double kBackground = 0.03;   // of the usual level: paging, spool, logs of the system
constexpr double kUsualPeak = 1.15;    // of a weekday, times VolumeSpec::rate
constexpr double kLimit = 0.9;         // of its exposures, that a device can have busy
constexpr double kAliases = 14;        // HyperPAV, of a control unit's volumes, for 16 CPs
constexpr double kCommand = 0.000035;  // CMR of an idle channel
constexpr double kBusy = 0.000006;     // DB: another system holds the device
constexpr double kPath = 0.000028;     // the rest of PEND
constexpr double kAlways = 0.04;       // of the documents' tape drives and copies, that there is
constexpr double kArrays = 2.4;        // usual loads that the arrays behind the cache can carry

}  // namespace

Mix volume_mix(Lpar& lpar, const LparState& state, int volume_type, Time time) {
  const VolumeSpec& spec = kVolumeSpecs[static_cast<std::size_t>(volume_type)];
  const double batch = state.batch_io[static_cast<std::size_t>(volume_type)];
  const double usual = spec.hits_online + batch * (spec.hits_batch - spec.hits_online);
  const double better = std::clamp(0.12 * lpar.hits.at(time), -0.5, 0.5);
  return {.hits = 1 - (1 - usual) * (1 - better),
          .writes = spec.writes_online + batch * (spec.writes_batch - spec.writes_online)};
}

DeviceTimes serve_volume(const VolumeLoad& load) {
  const VolumeSpec& spec = kVolumeSpecs[static_cast<std::size_t>(load.type)];
  DeviceTimes t;
  t.command = kCommand / (1 - 0.8 * std::min(0.95, load.channel_busy));
  t.busy = kBusy * load.skew;
  t.pend = kPath + t.command + t.busy;
  t.conn = spec.connect_s * (0.85 + 0.15 * load.skew) * (1 + 0.25 * load.channel_busy);
  const double miss = (1 - load.writes) * (1 - load.hits) * spec.miss_s;
  const double mirror = load.writes * spec.mirror_s;
  const double backend = 1 / (1 - std::min(0.92, load.backend_busy));
  // Calibrated for arrays at four tenths.
  t.disc = (miss * 0.6 * backend + mirror) * load.skew * (1 + load.slow);
  return t;
}

double exposures(double wanted, double all_wanted, double size) {
  return 1 + kAliases * std::max(1.0, size) * (all_wanted > 0 ? wanted / all_wanted : 0);
}

void queue_requests(double wanted_rate, DeviceTimes& t) {
  // Who waits does not ask again: where exposures are as busy as they can be, fewer requests come.
  const double most = kLimit * t.pav;
  const double busy = most * saturate(exposures_wanted(t, wanted_rate) / most);
  t.rate = busy / t.at_device();
  t.iosq = t.at_device() * queue_wait(busy / t.pav, t.pav);
}

double backend_busy(const LparState& state) {
  double level = 0;
  for (std::size_t v = 0; v < state.io_level.size(); ++v) {
    level += state.io_level[v] * kVolumeSpecs[v].count * kVolumeSpecs[v].rate / 33'200.0;
  }
  // Pages go to volumes of their own that the documents do not list: they share the arrays.
  level += (state.storage.page_in_rate + state.storage.page_out_rate) / 20'000.0;
  return level / kArrays;
}

std::array<double, kServices> io_by_service(Profile profile, const LparState& state,
                                            const std::array<double, kVolumeTypes>& requests) {
  std::array<double, kServices> by_service{};
  for (std::size_t v = 0; v < requests.size(); ++v) {
    std::array<double, kServices> asked{};
    double all = 0;
    for (std::size_t k = 0; k < asked.size(); ++k) {
      const ServiceState& s = state.services[k];
      asked[k] = (s.served - s.loop - s.on_cp) * io_asked(profile, k, v);
      all += asked[k];
    }
    const double nobodys = all > 0 ? kBackground / state.io_level[v] : 1;
    by_service[kSystem] += requests[v] * nobodys;
    for (std::size_t k = 0; k < asked.size() && all > 0; ++k) {
      by_service[k] += requests[v] * (1 - nobodys) * asked[k] / all;
    }
  }
  return by_service;
}

double tape_level(const Lpar& lpar, const LparState& state) {
  // The documents' drives are as busy as everything else.
  if (lpar.profile() == Profile::kDocumented) {
    return lpar.documented_factor() * (kAlways + (1 - kAlways) * state.activity);
  }
  return 0.12 + 0.88 * state.batch_level;
}
double copy_level(const Lpar& lpar, const LparState& state) {
  if (lpar.profile() == Profile::kDocumented) {
    return lpar.documented_factor() * (kAlways + (1 - kAlways) * state.activity);
  }
  return 0.25 + 0.45 * state.batch_level + 0.30 * state.io_level[kUser];
}

// By the documents a drive moves 100 MB/s while it is busy.
double tape_bytes(const Lpar& lpar, const LparState& state) {
  const double drives = kTapeDevices * kTapeBusy * 100e6;
  return drives * (lpar.profile() == Profile::kDocumented ? 1.0 : lpar.size()) *
         tape_level(lpar, state);
}

void set_requests(const Lpar& lpar, LparState& state) {
  const auto& peak = lpar.config();
  double all = 0, batch = 0, batch_usual = 0, online = 0, online_usual = 0;
  std::array<double, kVolumeTypes> asked{}, asked_batch{};
  for (std::size_t k = 0; k < state.services.size(); ++k) {
    const ServiceSpec& spec = kServiceSpecs[k];
    const ServiceState& s = state.services[k];
    const double work = s.served - s.loop - s.on_cp;
    const bool is_batch = spec.curve == Curve::kBatch;
    for (std::size_t v = 0; v < asked.size(); ++v) {
      const double io = work * io_asked(lpar.profile(), k, v);
      asked[v] += io;
      if (is_batch) asked_batch[v] += io;
    }
    const double usual = peak_share(peak.workload, static_cast<Service>(k)) * peak.cps;
    all += work;
    (is_batch ? batch : online) += spec.curve == Curve::kFlat ? 0 : work;
    (is_batch ? batch_usual : online_usual) += spec.curve == Curve::kFlat ? 0 : usual;
  }
  state.batch_level = batch / batch_usual;
  state.online_level = online / online_usual;
  state.activity = lpar.work_reference() > 0 ? all / lpar.work_reference() : 0;

  double bytes = 0;
  for (std::size_t v = 0; v < asked.size(); ++v) {
    const VolumeSpec& spec = kVolumeSpecs[v];
    state.io_level[v] =
        kBackground + kUsualPeak * asked[v] / lpar.io_reference(static_cast<int>(v));
    state.batch_io[v] = asked[v] > 0 ? asked_batch[v] / asked[v] : 0;
    bytes += state.io_level[v] * spec.count * spec.rate * spec.kib * 1024 * lpar.size();
  }
  state.data_bytes_s = bytes + tape_bytes(lpar, state);
}

void share_channels(Profile profile, double LparState::*bytes_s, double LparState::*load,
                    std::span<LparState> states) {
  const double together = kFiconPorts * ficon_bytes_s(profile);
  for (std::size_t i = 0; i < states.size();) {
    std::size_t end = i;
    double bytes = 0;
    const std::size_t group = channel_group(i, profile);
    for (; end < states.size() && channel_group(end, profile) == group; ++end) {
      if (states[end].up) bytes += states[end].*bytes_s;
    }
    for (; i < end; ++i) states[i].*load = bytes / together;
  }
}

void set_io(Lpar& lpar, Profile profile, Time time, LparState& state) {
  const double channel = std::min(0.95, state.channel_load);
  const double backend = backend_busy(state);
  double slow = 0;
  for (const double s : state.effects.slow) slow = std::max(slow, s);
  state.slow_share = slow > 0 ? 1.0 / kControlUnits : 0;

  // Served first, then queued for: aliases are shared by the volumes of a control unit.
  std::array<double, kVolumeTypes> wanted_rate{};
  double wanted = 0, slow_wanted = 0;  // of an average control unit, exposures
  for (std::size_t v = 0; v < wanted_rate.size(); ++v) {
    const VolumeSpec& spec = kVolumeSpecs[v];
    const int type = static_cast<int>(v);
    wanted_rate[v] = state.io_level[v] * spec.rate * lpar.size();
    const Mix mix = volume_mix(lpar, state, type, time);
    VolumeLoad load{.type = type,
                    .hits = mix.hits,
                    .writes = mix.writes,
                    .backend_busy = backend,
                    .channel_busy = channel};
    state.volumes[v] = serve_volume(load);
    load.slow = slow;
    state.slow_volumes[v] = serve_volume(load);
    const double count = static_cast<double>(spec.count) / kControlUnits;
    wanted += count * exposures_wanted(state.volumes[v], wanted_rate[v]);
    slow_wanted += count * exposures_wanted(state.slow_volumes[v], wanted_rate[v]);
  }
  double rate = 0, weighted = 0, slow_rate = 0, slow_weighted = 0;
  const auto queue = [&](DeviceTimes& t, std::size_t v, double all_wanted) {
    t.pav = exposures(exposures_wanted(t, wanted_rate[v]), all_wanted, lpar.size());
    queue_requests(wanted_rate[v], t);
  };
  for (std::size_t v = 0; v < wanted_rate.size(); ++v) {
    queue(state.volumes[v], v, wanted);
    queue(state.slow_volumes[v], v, slow_wanted);
    const double fast_count = kVolumeSpecs[v].count * (1 - state.slow_share);
    const double slow_count = kVolumeSpecs[v].count * state.slow_share;
    rate += fast_count * state.volumes[v].rate;
    weighted += fast_count * state.volumes[v].rate * state.volumes[v].response();
    slow_rate += slow_count * state.slow_volumes[v].rate;
    slow_weighted += slow_count * state.slow_volumes[v].rate * state.slow_volumes[v].response();
  }

  state.carried_bytes_s = tape_bytes(lpar, state);
  for (std::size_t v = 0; v < wanted_rate.size(); ++v) {
    const VolumeSpec& spec = kVolumeSpecs[v];
    const double slow_part = state.slow_share;
    state.carried_bytes_s +=
        spec.count * spec.kib * 1024 *
        ((1 - slow_part) * state.volumes[v].rate + slow_part * state.slow_volumes[v].rate);
  }
  const bool documented = profile == Profile::kDocumented;
  const double response = rate > 0 ? weighted / rate : 0;
  // The documents' devices are an order of magnitude slower: 8 ms for 3390, 2 for FlashCopy, 45
  // for tape. Fewer requests then keep them as busy.
  const double slower = documented ? kDocumentedSlowness : 1.0;
  state.device_rate[k3390] = (rate + slow_rate) / slower;
  state.device_response[k3390] = response * slower;
  state.slow_response_3390 = slow_rate > 0 ? slow_weighted / slow_rate * slower : response * slower;
  if (rate + slow_rate > 0) state.slow_share = slow_rate / (rate + slow_rate);
  const double stretch = 0.8 + 0.2 / (1 - std::min(0.92, backend));
  state.device_rate[kFlashcopy] =
      kFlashcopyDevices * kFlashcopyBusy * copy_level(lpar, state) / flashcopy_s(documented);
  state.device_response[kFlashcopy] = flashcopy_s(documented) * stretch;
  state.device_rate[kTape] =
      kTapeDevices * kTapeBusy * tape_level(lpar, state) / tape_s(documented);
  state.device_response[kTape] = tape_s(documented) * stretch;
}

}  // namespace rmf
