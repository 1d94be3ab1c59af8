// capacity.hpp - engines: LPARs of a CPC compete for them by weight, service classes of an LPAR by
// importance. Pools are CPs, zIIPs and zAAPs.
#pragma once

#include <span>
#include <vector>

#include "model/lpar.hpp"

namespace rmf {

enum Pool : int { kCp, kZiip, kZaap };
inline constexpr int kPools = 3;

struct CpcState {
  std::array<double, kPools> physical_management{};  // engines, of PR/SM for nobody: *PHYSICAL*
  double msu_per_cp = 0;
  // Of share_engines, by LPAR; kept so that nothing is allocated again.
  std::vector<double> wanted, weight, got;
};

// From demands to what was served, for all LPARs of one CPC. `lpars` and `states` are parallel.
void share_engines(const CpcConfig& cpc, std::span<const Lpar> lpars, std::span<LparState> states,
                   CpcState& cpc_state);

// Divides `total` among those who want `wanted`, by `weight`: nobody gets more than it wants, and
// what one leaves goes to the others by weight. The results sum to min(total, sum of wanted).
void divide(double total, std::span<const double> wanted, std::span<const double> weight,
            std::span<double> got);

inline int engines(const CpcConfig& c, Pool pool) {
  return pool == kCp ? c.cps : pool == kZiip ? c.ziips : c.zaaps;
}
inline int engines(const LparConfig& c, Pool pool) {
  return pool == kCp ? c.cps : pool == kZiip ? c.ziips : c.zaaps;
}
inline double effective(const LparState& s, Pool pool) {
  return pool == kCp ? s.cp_effective : pool == kZiip ? s.ziip_effective : s.zaap_effective;
}
inline double management(const LparState& s, Pool pool) {
  return pool == kCp ? s.cp_management : pool == kZiip ? s.ziip_management : s.zaap_management;
}

}  // namespace rmf
