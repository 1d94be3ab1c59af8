// cpc.hpp - a CPC over time. What depends on the past (the 4-hour rolling average, put-off batch,
// counters) is worked out on slots of five minutes of a UTC day, from a warm-up before it: so it is
// a function of the time asked for, whatever was asked before. The slots already worked out are
// kept, which makes moving forward cheap; moving back starts the day anew.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "model/capacity.hpp"
#include "model/distribution.hpp"
#include "model/lpar.hpp"
#include "model/paging.hpp"
#include "model/zone.hpp"

namespace rmf {

inline constexpr int kSlotsOfAverage = 48;  // of the 4-hour rolling average
inline constexpr Time kSlot = 5 * kMinute;

// Histograms of one LPAR since the later of midnight UTC and its IPL.
struct Counted {
  std::array<Buckets, kDeviceTypes> device;
  std::array<Buckets, kLinks> link;
};

class Cpc {
 public:
  // All outlive it; there is a calendar for each zone. One thread at a time.
  Cpc(const Config& config, int index, const std::vector<Calendar>& calendars,
      std::vector<Zone>& zones);

  // Makes `states` and `state` those of `time`.
  void move_to(Time time);

  const CpcConfig& config() const { return *config_; }
  int index() const { return index_; }
  int first_lpar() const { return first_lpar_; }
  std::vector<Lpar>& lpars() { return lpars_; }
  const std::vector<Lpar>& lpars() const { return lpars_; }
  const std::vector<LparState>& states() const { return states_; }
  const CpcState& state() const { return state_; }

  // Of the time moved to. `lpar` counts from 0 on this CPC.
  struct Counts {
    std::array<std::array<std::uint64_t, kBounds + 1>, kDeviceTypes> device;
    std::array<double, kDeviceTypes> device_sum;
    std::array<std::array<std::uint64_t, kBounds + 1>, kLinks> link;
    std::array<double, kLinks> link_sum;
  };
  void counts(std::size_t lpar, Counts& out) const;
  double rolling_msu() const;          // of all LPARs
  double rolling_msu_highest() const;  // so far in the UTC day
  // Until the rolling average of an LPAR is above its defined capacity if it goes on using what it
  // uses now: 0 if it is; nothing if that will never be.
  std::optional<double> seconds_to_capping(std::size_t lpar) const;

 private:
  struct Past {
    std::array<double, kSlotsOfAverage> msu{};
    double rolling = 0;
    bool capped = false;
    double msu_limit = 0;                  // of a soft cap; 0: none
    bool limited = false;                  // it was met in the slot: there was work for more
    double backlog = 0, backlog_more = 0;  // engine seconds, at the slot's begin; by its end
    Time up_since = std::numeric_limits<Time>::min();
    Counted counted, more;
    std::vector<Paging> paging;  // at the steps of the slot, its end too; nothing: never pages
  };

  enum class Until { kEngines, kDevices, kResponses };  // the last step that somebody needs
  double local_s(const Lpar& lpar, Time time);
  const Calendar& calendar(const Lpar& lpar) const {
    return (*calendars_)[static_cast<std::size_t>(lpar.config().zone)];
  }
  Paging step_paging(std::size_t lpar, const Paging& before, Time time);
  void page(std::size_t lpar, Time begin);
  Paging paging(std::size_t lpar, Time time) const;
  void evaluate(Time time, Time interval, double into_slot, Until until);
  void work_out_slot();
  std::size_t sample_of(int slot) const {
    return static_cast<std::size_t>((slot + warm_up_slots_) % kSlotsOfAverage);
  }
  void set_cap(std::size_t lpar, Past& past) const;
  void count(std::size_t lpar);
  // Since the slot began there was an IPL: of what was before nothing is left.
  static bool ipled(const Past& past, const LparState& state) {
    return state.effects.up_since > past.up_since;
  }

  const Config* all_;
  const CpcConfig* config_;
  int index_;
  int first_lpar_ = 0;
  const std::vector<Calendar>* calendars_;
  std::vector<Zone>* zones_;
  std::vector<Lpar> lpars_;
  std::vector<LparState> states_;
  CpcState state_;
  Time time_ = 0;

  // Slots of `day_` before `slot_` are in past_; that of `slot_` is its `more`.
  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  int slot_ = 0;
  int warm_up_slots_;
  std::vector<Past> past_;
  double rolling_highest_ = 0;
};

}  // namespace rmf
