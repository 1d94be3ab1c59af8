// devices.hpp - the devices of one LPAR one by one: volumes, the logical devices that carry them,
// and the ports that carry the sum of all of them.
#pragma once

#include <array>
#include <string>

#include "model/io.hpp"
#include "model/lpar.hpp"

namespace rmf {

enum PortType : int { kOsa, kHipersocket, kFicon };
inline constexpr int kPorts = 14;
inline constexpr int kLdevs = k3390Devices + kFlashcopyDevices + kTapeDevices;

struct Volume {
  DeviceTimes times;
  double hits = 0;         // of reads
  double writes = 0;       // of requests
  double utilisation = 0;  // percent
};
struct Ldev {
  DeviceTimes times;       // of its average request
  double utilisation = 0;  // percent
  double kib = 0;          // an average request transfers
};
struct Port {
  double bytes_s = 0;
  double utilisation = 0;  // percent
};
struct Devices {
  std::array<Volume, kVolumes> volumes;
  std::array<Ldev, kLdevs> ldevs;
  std::array<Port, kPorts> ports;
};

// What is fixed about a device. Indexes count over all types.
struct DeviceName {
  const char* type;
  std::string id;
  int type_index;
};
const std::array<DeviceName, kVolumes>& volume_names();  // SYSRES000
const std::array<DeviceName, kLdevs>& ldev_names();      // 3390_00
const std::array<DeviceName, kPorts>& port_names();      // OSA_00
inline int ldev_of_volume(int volume) { return volume % k3390Devices; }
inline int control_unit_of_volume(int volume) { return ldev_of_volume(volume) % kControlUnits; }
double port_speed_bytes_s(PortType type, Profile profile);

// Noise and skew of an LPAR's devices. One thread at a time.
class DeviceModel {
 public:
  DeviceModel(const Config& config, std::uint64_t key);
  // `state` is the LPAR's at `time`.
  void at(Time time, Lpar& lpar, const LparState& state, Devices& out);

 private:
  void volumes_at(Time time, Lpar& lpar, const LparState& state, Devices& out);
  void ldevs_at(Time time, const Lpar& lpar, const LparState& state, Devices& out);
  void ports_at(Time time, const Lpar& lpar, const LparState& state, Devices& out);

  struct VolumeTraits {
    float popularity, skew, misses, writes;
    Noise slow, fast;
  };
  Profile profile_;
  double fast_;  // what is left of fast noise in an average over the interval
  std::array<VolumeTraits, kVolumes> volumes_;
  std::array<Noise, kLdevs> ldevs_;
  std::array<Noise, kPorts> ports_;
};

}  // namespace rmf
