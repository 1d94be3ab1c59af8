// lpar.hpp - one LPAR: what is fixed about it, and its state at one time. A state is made in steps,
// each in a file of its own: demand, capacity (with the other LPARs of the CPC), io, coupling,
// storage, response.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/noise.hpp"
#include "model/scenario.hpp"
#include "model/service.hpp"

namespace rmf {

// I/O level in the hours of the documents' peaks: what there always is, and kUsualPeak of io.cpp.
inline constexpr double kPeakLevel = 1.18;

inline constexpr int kDeviceTypes = 3;  // 3390, flashcopy, tape
enum DeviceType : int { k3390, kFlashcopy, kTape };

struct ServiceState {
  double demand = 0;                    // engines wanted on CPs, spill of zIIPs among it
  double served = 0;                    // engines got on CPs
  double loop = 0;                      // of `served`: a loop, which does no work
  double on_ziip = 0;                   // engines of zIIP
  double on_cp = 0;                     // of `served`: what would have run on a zIIP
  double on_zaap = 0;                   // engines of zAAP
  double ziip_part = 0, zaap_part = 0;  // as ServiceSpec's fractions, now
  double cpu_s = 0;                     // as ServiceSpec's, now
  double mix = 0;                       // noise: of the transactions in the class
  double wait = 0;                      // seconds of waiting for an engine, per second of using one
  double work = 0;                      // units of work a second
  double rate = 0;                      // of them, as transaction managers count
  double response_s = 0;
  double io_using = 0;  // transactions whose I/O is served, at any time
  double io_delay = 0;  // transactions whose I/O waits
};

// Times of an average request, and how many there are. In seconds and requests a second.
struct DeviceTimes {
  double rate = 0;
  double iosq = 0, command = 0, busy = 0, pend = 0;  // pend holds command (CMR) and busy (DB)
  double disc = 0, conn = 0;
  double pav = 1;  // exposures: the base and the HyperPAV aliases that it has
  double at_device() const { return pend + disc + conn; }
  double response() const { return iosq + at_device(); }
};

struct LinkState {
  double sync_rate = 0, async_rate = 0, converted_rate = 0;  // converted: part of async_rate
  double sync_s = 0, async_s = 0;
};

struct StorageState {
  // Frames of 4 KiB, summing to what is installed.
  double available = 0, sqa = 0, lpa = 0, csa = 0, lsqa = 0, nucleus = 0, pages = 0;
  double uic = 65535;
  double page_in_rate = 0, page_out_rate = 0;  // pages a second
  double csa_defined = 0, csa_used = 0;        // bytes, below the line
  double ecsa_defined = 0, ecsa_used = 0;      // above it
  double sqa_defined = 0, sqa_used = 0, esqa_defined = 0, esqa_used = 0;
  double virtual_bytes = 0;
  double stall = 0;  // how much longer work takes because of paging
};

struct LparState {
  bool up = true;
  Effects effects;
  double rolling_msu = 0;  // the 4-hour rolling average
  bool capped = false;     // it is above the defined capacity
  double msu_limit = 0;    // of a soft cap; 0: none

  std::array<ServiceState, kServices> services;
  double calm_level = 0;     // of demand without noise, engines per logical CP
  double cp_limit = 0;       // engines it may use now: logical processors, or a soft cap
  double cp_uncapped = 0;    // engines it would use if it were alone and not capped
  double cp_wanted = 0;      // engines it would use if it were alone
  double capping = 0;        // of the time, that the soft cap is on; 0 to 1
  double cp_effective = 0;   // engines used
  double cp_management = 0;  // engines that PR/SM used for it
  double ziip_effective = 0, ziip_management = 0, ziip_wanted = 0;
  double zaap_effective = 0, zaap_management = 0;
  double batch_deferred = 0;  // engines of batch that were wanted and not got

  std::array<double, kVolumeTypes> io_level{};  // 1: usual
  std::array<double, kVolumeTypes> batch_io{};  // batch's part of a type's requests
  double batch_level = 0, online_level = 0;     // 1: usual
  double activity = 0;                          // of all work; 1: usual at the peak
  double data_bytes_s = 0;                      // of all volumes
  // Of the FICON channels, by all LPARs that share them, 1 being all of them: what is asked for,
  // and what is transferred.
  double channel_load = 0, channel_used = 0;
  double carried_bytes_s = 0;
  std::array<DeviceTimes, kVolumeTypes> volumes;       // an average volume of the type
  std::array<DeviceTimes, kVolumeTypes> slow_volumes;  // of the slowest control unit
  double slow_share = 0;                               // of volumes behind that unit
  std::array<double, kDeviceTypes> device_rate{};      // requests a second of all devices
  std::array<double, kDeviceTypes> device_response{};  // of an average request
  double slow_response_3390 = 0;

  double cf_demand = 0;  // requests a second that it would make
  double cf_busy = 0;    // utilisation of the coupling facility's engines, 0 to 1
  std::array<LinkState, kLinks> links;

  StorageState storage;

  bool limited() const { return cp_wanted < cp_uncapped; }  // there is work for more than the cap
};

class Lpar {
 public:
  Lpar(const Config& config, int index);

  const LparConfig& config() const { return *config_; }
  // What random numbers of this LPAR are made of: its names, so that other LPARs can come and go.
  std::uint64_t key() const { return key_; }
  Profile profile() const { return profile_; }
  // Size in devices and requests, by logical CPs; of the documents' profile how busy volumes are at
  // the peak too.
  double size() const { return size_; }
  // What its classes want together at its peak, engines.
  double work_reference() const { return work_reference_; }
  // Of the documents, what their device and port levels are to be multiplied by for an activity
  // of 1.
  double documented_factor() const { return documented_factor_; }
  double io_reference(int volume_type) const {
    return io_reference_[static_cast<std::size_t>(volume_type)];
  }
  // Coupling facility requests a second at all peaks together.
  double cf_reference() const { return cf_reference_; }
  // Times that transactions come more often than engine time alone says.
  double rate_scale(int k) const { return rate_scale_[static_cast<std::size_t>(k)]; }
  std::span<const ScenarioConfig* const> scenarios() const { return scenarios_; }

  // Noise that several steps use. `business` is the same for all LPARs of a sysplex.
  Noise business_slow, business, slow, fast, hits, storage_day, storage_hours, common_days,
      common_hours;
  std::array<Noise, kServices> service;
  std::array<Noise, kServices> mix;         // of the transactions in a class
  std::array<double, kServices> offload{};  // to specialty engines, of what is usual
  std::array<double, kServices> cost{};     // of a transaction, of what is usual
  std::array<Noise, kLinks> link;
  std::array<double, kLinks> link_skew{};
  double busier = 1;       // than its like, around 1
  double common_size = 1;  // how large the common areas are defined, around 1

 private:
  void set_references();
  void set_documented_references();

  const LparConfig* config_;
  std::uint64_t key_;
  Profile profile_;
  double size_ = 1, work_reference_ = 0, documented_factor_ = 1;
  std::array<double, kVolumeTypes> io_reference_{};
  std::array<double, kServices> rate_scale_{};
  double cf_reference_ = 0;
  std::vector<const ScenarioConfig*> scenarios_;
};

// FNV-1a.
std::uint64_t hash_of(std::string_view text);

// min(x, 1) with a round corner: queues form before everything is busy. 0.96 at 1, 0.89 at 0.9.
inline double saturate(double x) {
  const double x2 = x * x;
  const double x4 = x2 * x2;
  const double x8 = x4 * x4;
  return x / std::sqrt(std::sqrt(std::sqrt(std::sqrt(1.0 + x8 * x8))));
}

// Waiting time in service times of a queue with `servers` servers (Sakasegawa's approximation of
// M/M/c, with the exponent rounded so that it needs no logarithm).
double queue_wait(double utilisation, double servers);

}  // namespace rmf
