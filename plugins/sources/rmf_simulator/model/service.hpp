// service.hpp - service classes, address spaces and volume types: what work a z/OS image does, and
// what each kind of it asks of engines, storage devices and the coupling facility.
#pragma once

#include <array>
#include <cstddef>

#include "model/curves.hpp"

namespace rmf {

enum Service : int {
  kSystem,
  kCics,
  kIms,
  kMq,
  kDdf,
  kTso,
  kStarted,
  kBatch,
  kBatchLow,
};
inline constexpr int kServices = 9;

enum VolumeType : int { kSysres, kWork, kUser, kTemp };
inline constexpr int kVolumeTypes = 4;

enum class Goal { kNone, kResponse, kVelocity, kDiscretionary };

struct ServiceSpec {
  const char* name;      // service class
  const char* workload;  // workload of the service policy it belongs to
  Curve curve;
  int importance;  // 0 system, 1 highest to 5, 6 discretionary: the order in which engines are
                   // given
  Goal goal;
  double goal_value;     // seconds, or percent of velocity
  double units;          // of work in a transaction; 0: of what never ends nothing is counted
  double ziip_fraction;  // of its work, what may run on a zIIP
  double zaap_fraction;  // of its work on CPs, what more there is on a zAAP
  double cpu_s;          // on a CP, a unit of work: a transaction, of batch a part of a step
  double other_s;        // of a response: locks, log, waits that are neither engine nor device
  double ios;            // I/O requests a unit waits for; others are not waited for
  double cf_requests;    // to the coupling facility a second of CP time
  std::array<double, kVolumeTypes> io;  // what its engine time asks of volumes, relative
  int tasks;                            // dispatchable at the peak, to sample, for 16 CPs
};

extern const std::array<ServiceSpec, kServices> kServiceSpecs;

// What a class's engine time asks of a type of volumes: ServiceSpec::io, or of the design
// documents, whose volumes are all as busy by day as by night.
double io_asked(Profile profile, std::size_t service, std::size_t volume_type);

// The share of an LPAR's logical CPs that a service class needs at its curve's peak.
double peak_share(Workload workload, Service service);

// In a name `?` stands for characters of the system, `@` for those of an application and `0` for
// digits of a number: see jobs.hpp.
struct JobSpec {
  const char* name;
  Service service;
  double share;  // of its service class
};
inline constexpr int kJobs = 29;
extern const std::array<JobSpec, kJobs> kJobSpecs;

struct VolumeSpec {
  const char* name;
  int count;
  double rate;       // requests a second, a volume, at the usual level
  double kib;        // transferred by a request
  double connect_s;  // CONN of an average request
  double miss_s;     // DISC that a miss adds
  double mirror_s;   // DISC that the mirrored copy adds to a write
  // Online work reads what it happens to need, batch whole data sets one after the other, which are
  // read ahead into the cache, and writes more.
  double hits_online, hits_batch;      // of reads
  double writes_online, writes_batch;  // of requests
};
extern const std::array<VolumeSpec, kVolumeTypes> kVolumeSpecs;
inline constexpr int kVolumes = 50;  // of an LPAR

}  // namespace rmf
