// samples.hpp - what address spaces use and wait for, as Monitor III samples it: once a second it
// looks what each unit of work does. PROC reports address spaces, DELAY their service classes.
#pragma once

#include "emit/report.hpp"

namespace rmf {

// Units of work that use or wait for something, at any time; processors in engines.
struct Use {
  double cp = 0, ziip = 0, zaap = 0, device = 0;           // using
  double cpu_delay = 0, device_delay = 0, page_delay = 0;  // waiting
  double cpu() const { return cp + ziip + zaap; }
  double known() const { return cpu() + device + cpu_delay + device_delay + page_delay; }
  // Without devices, as where I/O priority management is off.
  double velocity() const {
    const double all = cpu() + cpu_delay + page_delay;
    return all > 0 ? 100 * cpu() / all : 0;
  }
};
Use use_of(const LparState& state, std::size_t service);

// Counts of samples.
struct Samples {
  std::int64_t all = 0, cpu = 0, device = 0, cpu_delay = 0, device_delay = 0, page_delay = 0,
               unknown = 0;
  Samples& operator+=(const Samples& more);
  std::int64_t uses() const { return cpu + device; }
  std::int64_t delays() const { return cpu_delay + device_delay + page_delay; }
  double percent(std::int64_t n) const {
    return hundredths(100 * static_cast<double>(n) / static_cast<double>(all));
  }
};

// The address spaces of all LPARs. Those of a service class have equally many units of work, so
// that the class is the average of them.
class AddressSpaces {
 public:
  explicit AddressSpaces(const ReportContext& context);
  void look_at(const LparView& view);
  // Of the LPAR looked at.
  const Use& use(std::size_t job) const { return uses_[job]; }
  const Samples& samples(std::size_t job) const { return samples_[job]; }

 private:
  void divide_work(const LparView& view);

  std::uint64_t seed_;
  std::vector<Noise> share_;  // by LPAR and job
  std::array<Use, kJobs> uses_;
  std::array<Samples, kJobs> samples_;
};

}  // namespace rmf
