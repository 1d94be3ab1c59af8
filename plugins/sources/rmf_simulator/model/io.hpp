// io.hpp - devices as queues: from engine time to requests, from requests to response times.
#pragma once

#include "model/lpar.hpp"

namespace rmf {

// Volumes of an LPAR are behind four control units; times of one request to a volume.
struct VolumeLoad {
  int type = 0;
  double skew = 1;          // how much slower than its type this volume is
  double slow = 0;          // times that its DISC is longer, beyond 1
  double hits = 0;          // of reads
  double writes = 0;        // of requests
  double backend_busy = 0;  // of the arrays behind the cache, 0 to 1
  double channel_busy = 0;  // of the FICON channels, 0 to 1
};
// All times but IOSQ, which depends on the exposures; no rate yet.
DeviceTimes serve_volume(const VolumeLoad& load);

// Exposures that a volume wants busy: requests that are at it at any time.
inline double exposures_wanted(const DeviceTimes& times, double wanted_rate) {
  return wanted_rate * times.at_device();
}
// Exposures that a volume gets: its base and, of the HyperPAV aliases that the volumes of a control
// unit share, what it wants of the `all_wanted` that they want together.
double exposures(double wanted, double all_wanted, double size);
// Fills in rate and IOSQ of a volume with so many exposures.
void queue_requests(double wanted_rate, DeviceTimes& times);
// Of an average volume of a type, by what of its requests is batch.
struct Mix {
  double hits = 0;    // of reads, in the cache
  double writes = 0;  // of requests
};
Mix volume_mix(Lpar& lpar, const LparState& state, int volume_type, Time time);

// Fills in io_level, batch_io, batch_level, online_level and data_bytes_s.
void set_requests(const Lpar& lpar, LparState& state);
// Adds up what LPARs that share channels ask of them, or what they transfer.
void share_channels(Profile profile, double LparState::*bytes_s, double LparState::*load,
                    std::span<LparState> states);
// Fills in the average volumes and devices. Needs storage and channel_load too.
void set_io(Lpar& lpar, Profile profile, Time time, LparState& state);

// FICON channels of an LPAR: 4 Gbit/s and its own, as the design documents have them, or today's of
// 16 Gbit/s, which up to four LPARs of a CPC share. What they carry stays below kFiconLimit.
inline constexpr int kFiconPorts = 8;
inline constexpr double kFiconLimit = 0.85;
inline double ficon_bytes_s(Profile p) { return p == Profile::kDocumented ? 400e6 : 1600e6; }
// A channel subsystem has 15 LPARs; those with one number here have their channels together.
inline constexpr std::size_t kLparsOfSubsystem = 15;
inline std::size_t channel_group(std::size_t position, Profile p) {
  const std::size_t sharing = p == Profile::kDocumented ? 1 : 4;
  const std::size_t subsystem = position / kLparsOfSubsystem;
  return subsystem * kLparsOfSubsystem + position % kLparsOfSubsystem / sharing;
}

// Of the documented device types that are not volumes.
inline constexpr int kFlashcopyDevices = 8, kTapeDevices = 12, k3390Devices = 20;
inline constexpr double kFlashcopyBusy = 0.55, kTapeBusy = 0.25, k3390Busy = 0.40;
inline constexpr double kDocumentedSlowness = 12.5;
inline double flashcopy_s(bool documented) { return documented ? 0.002 : 0.0006; }
inline double tape_s(bool documented) { return documented ? 0.045 : 0.008; }

// What service classes ask of volumes: requests a second by type to requests by class. Together
// they are all requests; those of nobody else are the system's.
std::array<double, kServices> io_by_service(Profile profile, const LparState& state,
                                            const std::array<double, kVolumeTypes>& requests);

// Utilisation of the arrays behind the cache; from io_level and storage.
double backend_busy(const LparState& state);
// Level of tape and copy work, 1 at its usual peak.
double tape_level(const Lpar& lpar, const LparState& state);
double copy_level(const Lpar& lpar, const LparState& state);
// What tape drives move, bytes a second.
double tape_bytes(const Lpar& lpar, const LparState& state);

}  // namespace rmf
