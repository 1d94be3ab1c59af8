#include "model/cpc.hpp"

#include <algorithm>

#include "model/coupling.hpp"
#include "model/demand.hpp"
#include "model/io.hpp"
#include "model/response.hpp"
#include "model/storage.hpp"

namespace rmf {

namespace {

// What is forgotten within hours: eight of them. Where there are soft caps, whether an LPAR was
// capped depends on what it did before, so that it takes two nights and days until a beginning no
// longer shows. It is in the evening, when there is least of online work and of batch.
constexpr int kWarmUpSlots = 96, kWarmUpSlotsOfCaps = 52 * 12;
// PR/SM meets a cap to within a few thousandths. It is a little above the defined capacity here, so
// that the average of a capped LPAR stays above it for as long as there is work.
constexpr double kCapMargin = 1.002;
// Within an hour an LPAR whose average has fallen below its defined capacity, since others took the
// engines, catches up on what it might have used.
constexpr double kCatchUp = 4;
// Of batch that is put off, an hour's work at most, and within hours somebody gives up on the rest.
constexpr double kLongestBacklog_s = 3600, kGivenUp_s = 3 * 3600;
constexpr double kLate = 0.015, kLateTimes = 6;  // of requests to 3390 devices; of the mean

Time floor_div(Time a, Time b) { return a / b - (a % b < 0 ? 1 : 0); }

double growth(const Config& config, Time time) {
  if (config.growth_percent == 0) return 1;
  const double years = static_cast<double>(time - config.growth_from) / (365.2425 * kDay);
  return std::clamp(weir::sim::pow(1 + config.growth_percent / 100, years), 0.1, 4.0);
}

}  // namespace

Cpc::Cpc(const Config& config, int index, const std::vector<Calendar>& calendars,
         std::vector<Zone>& zones)
    : all_(&config),
      config_(&config.cpcs[static_cast<std::size_t>(index)]),
      index_(index),
      calendars_(&calendars),
      zones_(&zones) {
  for (std::size_t i = 0; i < config.lpars.size(); ++i) {
    if (config.lpars[i].cpc != index) continue;
    if (lpars_.empty()) first_lpar_ = static_cast<int>(i);
    lpars_.emplace_back(config, static_cast<int>(i));
  }
  states_.resize(lpars_.size());
  const bool caps =
      std::ranges::any_of(lpars_, [](const Lpar& l) { return l.config().defined_msu > 0; });
  warm_up_slots_ = caps ? kWarmUpSlotsOfCaps : kWarmUpSlots;
}

double Cpc::local_s(const Lpar& lpar, Time time) {
  const std::int64_t utc_s = floor_div(time, kSecond);
  Zone& zone = (*zones_)[static_cast<std::size_t>(lpar.config().zone)];
  return static_cast<double>(utc_s + zone.offset_s(utc_s)) +
         static_cast<double>(time - utc_s * kSecond) / kSecond;
}

Paging Cpc::step_paging(std::size_t number, const Paging& before, Time time) {
  Lpar& lpar = lpars_[number];
  const Effects now = effects_at(lpar.scenarios(), time);
  const Effects then = effects_at(lpar.scenarios(), time - kPagingStep);
  if (now.down || now.up_since > time - kPagingStep) return {};
  if (now.paging <= 0 && now.leak_bytes <= 0 && before.at_rest()) return {};
  const Levels levels = levels_at(calendar(lpar), local_s(lpar, time), now.month_end);
  const double calm = calm_level(lpar.config(), levels, now, warm_up(now.up_since, time));
  const double wanted = wanted_share(lpar, time, calm, now);
  return next_step(before, lpar, wanted, then, now);
}

// The steps of the slot that begins: from the last one of the slot before or, of the first slot,
// from so long ago that it does not matter.
void Cpc::page(std::size_t number, Time begin) {
  std::vector<Paging>& steps = past_[number].paging;
  Paging first;
  if (!steps.empty()) {
    first = steps.back();
  } else {
    for (Time t = begin - kPagingMemory; t <= begin; t += kPagingStep) {
      first = step_paging(number, first, t);
    }
  }
  steps.assign(1, first);
  for (Time t = begin + kPagingStep; t <= begin + kSlot; t += kPagingStep) {
    steps.push_back(step_paging(number, steps.back(), t));
  }
}

Paging Cpc::paging(std::size_t number, Time time) const {
  const std::vector<Paging>& steps = past_[number].paging;
  if (steps.empty()) return {};
  const Time into = time - day_ * kDay - slot_ * kSlot;
  const auto step = static_cast<std::size_t>(into / kPagingStep);
  const double fraction = static_cast<double>(into % kPagingStep) / kPagingStep;
  return between_steps(steps[step], steps[step + 1], fraction);
}

// The steps from demand to response, for all LPARs. `into_slot` is how far the slot has come.
void Cpc::evaluate(Time time, Time interval, double into_slot, Until until) {
  const Moment moment{time, growth(*all_, time), interval};
  for (std::size_t i = 0; i < lpars_.size(); ++i) {
    const Past& past = past_[i];
    LparState& state = states_[i] = LparState{};
    const double local = local_s(lpars_[i], time);
    const double backlog = std::max(0.0, past.backlog + into_slot * past.backlog_more);
    set_demand(lpars_[i], calendar(lpars_[i]), moment, local, backlog, state);
    if (ipled(past, state)) continue;
    state.rolling_msu = past.rolling;
    state.capped = past.capped;
    state.msu_limit = past.msu_limit;
  }
  share_engines(*config_, lpars_, states_, state_);
  if (until == Until::kEngines) return;
  for (std::size_t i = 0; i < lpars_.size(); ++i) {
    if (!states_[i].up) continue;
    set_storage(lpars_[i], time, paging(i, time), states_[i]);
    set_requests(lpars_[i], states_[i]);
  }
  share_channels(all_->profile, &LparState::data_bytes_s, &LparState::channel_load, states_);
  for (std::size_t i = 0; i < lpars_.size(); ++i) {
    if (states_[i].up) set_io(lpars_[i], all_->profile, time, states_[i]);
  }
  share_channels(all_->profile, &LparState::carried_bytes_s, &LparState::channel_used, states_);
  set_coupling(lpars_, all_->profile, time, states_);
  if (until == Until::kDevices) return;
  for (std::size_t i = 0; i < lpars_.size(); ++i) {
    if (states_[i].up) set_responses(lpars_[i], states_[i]);
  }
}

void Cpc::move_to(Time time) {
  const std::int64_t day = floor_div(time, kDay);
  const auto slot = static_cast<int>((time - day * kDay) / kSlot);
  if (day != day_ || slot < slot_) {
    day_ = day;
    slot_ = -warm_up_slots_ - 1;
    past_.assign(lpars_.size(), Past{});
    rolling_highest_ = 0;
  }
  while (slot_ < slot) {
    ++slot_;
    work_out_slot();
  }
  time_ = time;
  const double into = static_cast<double>(time - day * kDay - slot * kSlot) / kSlot;
  evaluate(time, all_->interval, into, Until::kResponses);
}

// The soft cap of the slot that begins, by the average before it.
void Cpc::set_cap(std::size_t lpar, Past& past) const {
  const double defined = lpars_[lpar].config().defined_msu;
  past.capped = defined > 0 && past.rolling > defined;
  if (past.capped) {
    past.msu_limit = kCapMargin * defined;
  } else if (past.limited) {
    past.msu_limit = kCapMargin * defined + kCatchUp * (defined - past.rolling);
  } else {
    past.msu_limit = 0;
  }
}

void Cpc::work_out_slot() {
  const Time begin = day_ * kDay + slot_ * kSlot;
  for (std::size_t i = 0; i < past_.size(); ++i) {
    Past& past = past_[i];
    for (std::size_t d = 0; d < past.counted.device.size(); ++d) {
      past.counted.device[d] += past.more.device[d];
    }
    for (std::size_t l = 0; l < past.counted.link.size(); ++l) {
      past.counted.link[l] += past.more.link[l];
    }
    past.more = Counted{};
    if (slot_ == 0) past.counted = Counted{};
    past.backlog = std::max(0.0, past.backlog + past.backlog_more);
    past.backlog_more = 0;
    const Effects effects = effects_at(lpars_[i].scenarios(), begin);
    if (effects.down || effects.up_since != past.up_since) {  // an IPL has ended, or goes on
      past.up_since = effects.up_since;
      past.msu.fill(0);
      past.counted = Counted{};
      past.backlog = 0;
      past.limited = false;
    }
    if (can_page(lpars_[i])) page(i, begin);
    double sum = 0;
    for (const double msu : past.msu) sum += msu;
    past.rolling = sum / kSlotsOfAverage;
    set_cap(i, past);
  }

  // Before midnight nothing is counted.
  evaluate(begin + kSlot / 2, kSlot, 0, slot_ < 0 ? Until::kEngines : Until::kDevices);
  const std::size_t newest = sample_of(slot_);
  double rolling = 0;
  for (std::size_t i = 0; i < past_.size(); ++i) {
    Past& past = past_[i];
    const LparState& state = states_[i];
    rolling += past.rolling;
    const double msu =
        state.up ? (state.cp_effective + state.cp_management) * state_.msu_per_cp : 0;
    past.msu[newest] = msu;
    const double defined = lpars_[i].config().defined_msu;
    past.limited = state.up && past.msu_limit > 0 && state.limited();
    if (slot_ == -warm_up_slots_) {  // as if it had always been so
      past.limited = defined > 0 && msu > defined;
      past.msu.fill(past.limited ? kCapMargin * defined : msu);
    }
    if (!state.up) continue;
    const double cps = lpars_[i].config().cps;
    const double most = kLongestBacklog_s * cps;
    constexpr double seconds = static_cast<double>(kSlot) / kSecond;
    // What was worked off is in the demand; what was not got comes on top of what is left.
    const double worked_off = std::min(past.backlog / 1800, 0.5 * cps) * seconds;
    past.backlog_more = std::min(most - past.backlog, state.batch_deferred * seconds - worked_off) -
                        past.backlog * seconds / kGivenUp_s;
    if (slot_ >= 0) count(i);
  }
  if (slot_ >= 0) rolling_highest_ = std::max(rolling_highest_, rolling);
}

// What the slot adds to the histograms.
void Cpc::count(std::size_t lpar) {
  const LparState& state = states_[lpar];
  Counted& more = past_[lpar].more;
  constexpr double seconds = static_cast<double>(kSlot) / kSecond;
  for (std::size_t d = 0; d < more.device.size(); ++d) {
    const double observed = state.device_rate[d] * seconds;
    const double slow = d == k3390 ? state.slow_share : 0;
    // Misses of busy drives and long chains: a few requests of volumes take many times the mean.
    const double late = d == k3390 ? kLate : 0;
    const auto add = [&](double mean, double requests) {
      const double rest = (1 - late * kLateTimes) / (1 - late);
      more.device[d].add(kResponseBounds_s, mean * rest, requests * (1 - late));
      more.device[d].add(kResponseBounds_s, mean * kLateTimes, requests * late);
    };
    add(state.device_response[d], observed * (1 - slow));
    add(state.slow_response_3390, observed * slow);
  }
  for (std::size_t l = 0; l < more.link.size(); ++l) {
    const LinkState& link = state.links[l];
    more.link[l].add(kServiceBounds_us, link.sync_s * 1e6, link.sync_rate * seconds);
    more.link[l].add(kServiceBounds_us, link.async_s * 1e6, link.async_rate * seconds);
  }
}

void Cpc::counts(std::size_t lpar, Counts& out) const {
  const Past& past = past_[lpar];
  static const Counted kNothing{};
  const bool anew = ipled(past, states_[lpar]);
  const Counted& counted = anew ? kNothing : past.counted;
  const Counted& more = anew ? kNothing : past.more;
  const double fraction = static_cast<double>(time_ - day_ * kDay - slot_ * kSlot) / kSlot;
  for (std::size_t d = 0; d < counted.device.size(); ++d) {
    counted.device[d].at(more.device[d], fraction, out.device[d], out.device_sum[d]);
  }
  for (std::size_t l = 0; l < counted.link.size(); ++l) {
    counted.link[l].at(more.link[l], fraction, out.link[l], out.link_sum[l]);
  }
}

double Cpc::rolling_msu() const {
  double sum = 0;
  for (const Past& past : past_) sum += past.rolling;
  return sum;
}

std::optional<double> Cpc::seconds_to_capping(std::size_t lpar) const {
  const double defined = lpars_[lpar].config().defined_msu;
  const LparState& state = states_[lpar];
  if (defined <= 0) return std::nullopt;
  if (state.capped) return 0;
  // At the slot's end its own sample counts, then those to come.
  const Past& past = past_[lpar];
  const bool anew = ipled(past, state);
  const double msu = (state.cp_effective + state.cp_management) * state_.msu_per_cp;
  double sum = 0;
  if (!anew) {
    for (const double sample : past.msu) sum += sample;
  }
  constexpr auto kSamples = static_cast<std::size_t>(kSlotsOfAverage);
  const std::size_t newest = sample_of(slot_);
  const double slot_s = static_cast<double>(kSlot) / kSecond;
  const double left_s = static_cast<double>((day_ * kDay + (slot_ + 1) * kSlot) - time_) / kSecond;
  for (std::size_t more = 0; more <= kSamples; ++more) {
    if (sum > defined * kSlotsOfAverage) return left_s + static_cast<double>(more) * slot_s;
    // The slot's own sample is the newest, the next one the oldest.
    sum += msu - (anew ? 0 : past.msu[(newest + 1 + more) % kSamples]);
  }
  return std::nullopt;
}

double Cpc::rolling_msu_highest() const { return rolling_highest_; }

}  // namespace rmf
