// A pipeline of the time-driven sources and what is behind them; a thread that drives it; and
// this one, which shows how far it is and waits for Ctrl-C.
#include "core/cli/backfill.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <set>
#include <thread>
#include <utility>

#include "core/cli/check.hpp"
#include "core/cli/instant.hpp"
#include "core/cli/places.hpp"
#include "core/cli/progress.hpp"
#include "core/cli/run.hpp"
#include "core/config/fnv.hpp"
#include "core/pipeline/backfill.hpp"
#include "core/telemetry/log.hpp"

namespace weir::cli {

namespace {

using config::Component;
using Ids = std::set<std::string>;

constexpr int kExitFailure = 1;
// For calls that are under way when nobody waits for room any more.
constexpr std::chrono::seconds kGrace{10};

int complain(const std::string& what) {
  std::fprintf(stderr, "weir backfill: %s\n", what.c_str());
  return kExitFailure;
}

bool reads_any(const Component& c, const Ids& ids) {
  return std::any_of(c.inputs.begin(), c.inputs.end(),
                     [&](const std::string& i) { return ids.contains(i); });
}

// Reduces the configuration to wanted sources, wanted sinks and what is between them; nothing is
// dropped on the way, and nothing is left out. "", or what is wrong.
std::string reduce(config::Config& config, const BackfillArgs& args) {
  std::vector<Component>& all = config.components;
  const auto driven = [](const Component& c) {
    return c.kind == WEIR_SOURCE && c.descriptor != nullptr &&
           (c.descriptor->flags & WEIR_TIME_DRIVEN) != 0;
  };
  const auto find = [&](const std::string& id, weir_kind kind) {
    return std::find_if(all.begin(), all.end(),
                        [&](const Component& c) { return c.kind == kind && c.id == id; });
  };
  for (const std::string& id : args.ids) {
    const auto c = find(id, WEIR_SOURCE);
    if (c == all.end()) return "there is no source '" + id + "'";
    if (!driven(*c)) {
      return "source '" + id + "' is a " + c->type +
             ", which measures what happens now; only simulators have a past to fill";
    }
  }
  for (const std::string& id : args.sinks) {
    const auto c = find(id, WEIR_SINK);
    if (c == all.end()) return "there is no sink '" + id + "'";
    if (c->present_only())
      return "sink '" + id + "' is a " + c->type + ", which shows the present only";
  }
  const auto listed = [](const std::vector<std::string>& ids, const std::string& id) {
    return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
  };

  // Forwards from the sources: components are in the order of the stream.
  Ids reached;
  for (const Component& c : all) {
    const bool is_wanted = c.kind == WEIR_SOURCE ? driven(c) && listed(args.ids, c.id)
                           : c.kind == WEIR_SINK ? listed(args.sinks, c.id) && !c.present_only()
                                                 : true;
    if (is_wanted && (c.kind == WEIR_SOURCE || reads_any(c, reached))) reached.insert(c.id);
  }
  // Backwards from the sinks.
  Ids kept;
  for (auto c = all.rbegin(); c != all.rend(); ++c) {
    if (!reached.contains(c->id) || (c->kind != WEIR_SINK && !kept.contains(c->id))) continue;
    kept.insert(c->id);
    kept.insert(c->inputs.begin(), c->inputs.end());
  }
  std::erase_if(
      all, [&](const Component& c) { return !kept.contains(c.id) || !reached.contains(c.id); });
  for (const std::string& id : args.ids) {
    if (!kept.contains(id)) return "no wanted sink gets anything from source '" + id + "'";
  }
  for (const std::string& id : args.sinks) {
    if (!reached.contains(id)) return "sink '" + id + "' gets nothing from a time-driven source";
  }
  if (all.empty()) {
    return "no sink that keeps the past gets anything from a simulator, the one kind of "
           "source that has one to fill";
  }
  for (Component& c : all) {
    std::erase_if(c.inputs, [&](const std::string& i) { return !reached.contains(i); });
    c.source.required = c.consumer.required = true;
    config::BufferOptions& buffer = c.consumer.buffer;
    buffer.when_full = config::WhenFull::kBlock;
    // The disk is the running agent's; a place is noted only behind what is delivered.
    if (buffer.type != config::BufferType::kMemory) {
      buffer.type = config::BufferType::kMemory;
      buffer.max_size = config::kMemoryBufferBytes;
    }
  }
  return "";
}

void hash_value(Fnv& hash, const weir_value& v) {
  // Another password, the same world. Items of lists have no declaration of their own.
  if (v.option != nullptr && (v.option->flags & WEIR_OPTION_SECRET) != 0) return;
  hash.text(std::to_string(v.type) + "," + std::to_string(v.has_value) + "," +
            std::to_string(v.i64) + "," + std::to_string(std::bit_cast<std::uint64_t>(v.f64)));
  hash.text(view(v.key));
  hash.text(view(v.string));
  for (std::uint32_t i = 0; v.items != nullptr && i < v.item_count; ++i) {
    hash_value(hash, *v.items[i]);
  }
}

// Of all that decides the rows, and where they go.
std::uint64_t hash_world(const config::Config& config) {
  Fnv hash;
  const auto labels = [&](const std::map<std::string, std::string>& all) {
    for (const auto& [key, value] : all) {
      hash.text(key);
      hash.text(value);
    }
    hash.byte(1);
  };
  hash.text(config.agent.hostname);
  labels(config.agent.labels);
  for (const Component& c : config.components) {
    hash.text(c.id);
    hash.text(c.type);
    if (c.kind == WEIR_SOURCE)
      hash.text(std::to_string(c.source.interval_or(config.agent).count()));
    labels(c.source.labels);
    for (const std::string& input : c.inputs) hash.text(input);
    if (c.options != nullptr) hash_value(hash, *c.options);  // of a plugin that can be used
  }
  return hash.value();
}

std::uint64_t hash_job(const config::Config& config, std::int64_t from, std::int64_t to) {
  Fnv hash;
  hash.text(std::to_string(from) + " " + std::to_string(to));
  for (const Component& c : config.components) hash.text(c.id);
  return hash.value();
}

// Whether every source had come to the end of the range.
bool is_done(const config::Config& config, const core::Places& places, std::int64_t to) {
  return std::all_of(config.components.begin(), config.components.end(), [&](const Component& c) {
    const auto place = places.find(c.id);
    return c.kind != WEIR_SOURCE || (place != places.end() && place->second >= to);
  });
}

struct Counts {
  std::uint64_t delivered = 0, dropped = 0;
};
Counts count(const core::Pipeline& pipeline) {
  Counts counts;
  for (const auto& r : pipeline.routes()) {
    counts.delivered += r->rows_delivered.load();
    for (const auto& dropped : r->rows_dropped) counts.dropped += dropped.load();
  }
  return counts;
}

// "  store 3.2 k behind": the consumers that hold rows.
std::string lags(const core::Pipeline& pipeline) {
  std::map<std::string, std::int64_t> held;
  for (const auto& r : pipeline.routes()) held[r->consumer] += r->rows_held.load();
  std::string text;
  for (const auto& [id, rows] : held) {
    if (rows <= 0) continue;
    text +=
        (text.empty() ? "  behind: " : ", ") + id + " " + short_count(static_cast<double>(rows));
  }
  return text;
}

// Runs it on a thread of its own; SIGINT or SIGTERM stops it in an orderly way.
core::Backfill::Outcome drive(core::Pipeline& pipeline, core::Backfill& backfill,
                              const sigset_t& signals, std::chrono::nanoseconds shutdown_timeout) {
  std::atomic<bool> finished{false};
  auto outcome = core::Backfill::Outcome::kFailed;
  std::thread driver([&] {
    outcome = backfill.run();
    finished.store(true);
  });
  Progress progress;
  bool interrupted = false, abandoned = false;
  auto deadline = core::SteadyClock::time_point::max();
  constexpr timespec kTick{0, 20'000'000};
  while (!finished.load()) {
    if (sigtimedwait(&signals, nullptr, &kTick) > 0) {
      progress.clear();
      if (std::exchange(interrupted, true)) _exit(kExitFailure);
      core::log_warn("interrupted: delivering what was collected; once more ends at once");
      backfill.stop();
      deadline = core::SteadyClock::now() + shutdown_timeout;
    }
    if (core::SteadyClock::now() >= deadline) {
      if (std::exchange(abandoned, true)) {
        core::log_error("a plugin does not return from its call; the backfill ends without it");
        _exit(kExitFailure);
      }
      deadline = core::SteadyClock::now() + kGrace;
      backfill.abandon();
    }
    progress.show(format_instant(backfill.reached()), backfill.fraction(),
                  count(pipeline).delivered, lags(pipeline));
  }
  driver.join();
  return outcome;
}

}  // namespace

int backfill(const BackfillArgs& args) {
  std::int64_t from = 0, to = 0;
  if (const std::string why = parse_instant(args.from, from); !why.empty()) {
    return complain("--from: " + why);
  }
  if (const std::string why = parse_instant(args.to, to); !why.empty()) {
    return complain("--to: " + why);
  }
  if (from >= to) return complain("--from " + args.from + " is not before --to " + args.to);

  const sigset_t signals = block_signals();
  std::unique_ptr<config::Config> config = load({args.request, args.log_level, args.log_format});
  if (config == nullptr) return kExitConfiguration;
  if (const std::string why = reduce(*config, args); !why.empty()) return complain(why);
  PlacesFile file(config->agent.data_dir + "/backfill", hash_job(*config, from, to),
                  hash_world(*config));
  if (const std::string why = file.open(args.restart); !why.empty()) return complain(why);

  if (is_done(*config, file.places(), to)) {
    const std::string lost = std::to_string(file.dropped()) + " rows were dropped on the way";
    core::log_info("this range was delivered before; --restart delivers it again");
    if (file.dropped() != 0) core::log_error(lost);
    return file.dropped() == 0 ? 0 : kExitFailure;
  }

  const auto shutdown_timeout = config->agent.shutdown_timeout;
  const std::uint64_t dropped_before = file.dropped();
  core::Pipeline pipeline(std::move(config));
  if (const int code = pipeline.start(); code != 0) return code;
  std::string unsaved;
  core::Backfill work(pipeline, from, to, file.places(), [&](const core::Places& places) {
    unsaved = file.save(places, dropped_before + count(pipeline).dropped);
    return unsaved.empty();
  });
  if (!file.places().empty()) core::log_info("goes on at " + format_instant(work.reached()));

  const auto began = core::SteadyClock::now();
  const auto outcome = drive(pipeline, work, signals, shutdown_timeout);
  const std::chrono::duration<double> took = core::SteadyClock::now() - began;
  const Counts counts = count(pipeline);
  if (!unsaved.empty()) core::log_error(unsaved);
  const bool clean = pipeline.stop();
  const auto rows = static_cast<double>(counts.delivered);
  const std::string what = short_count(rows) + " rows in " +
                           short_time(std::chrono::seconds(std::llround(took.count()))) + " (" +
                           short_count(rows / std::max(took.count(), 1e-3)) + " rows/s)";
  const std::uint64_t dropped = dropped_before + counts.dropped;
  if (dropped != 0) core::log_error(std::to_string(dropped) + " rows were dropped");
  switch (outcome) {
    case core::Backfill::Outcome::kDone:
      core::log_info("delivered to " + format_instant(to) + ": " + what);
      break;
    case core::Backfill::Outcome::kStopped:
      core::log_warn("interrupted at " + format_instant(work.reached()) + " after " + what +
                     "; the same command goes on from there");
      break;
    case core::Backfill::Outcome::kFailed:
      core::log_error(
          "not everything was delivered; the same command goes on from where it was, and repeats "
          "up to a window of rows that sinks may have");
      break;
  }
  if (!clean) _exit(kExitFailure);
  return outcome == core::Backfill::Outcome::kDone && dropped == 0 ? 0 : kExitFailure;
}

}  // namespace weir::cli
