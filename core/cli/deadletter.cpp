// See deadletter.hpp. A replay is a pipeline of two components: a source that reads the file, and
// the sink. The file is set aside first, so that an agent may run meanwhile and begin a new one,
// and locked against other replays; it is removed once every row of it was delivered, or rejected
// again into the new one, and lines of which no row can be made are in a third.
#include "core/cli/deadletter.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>

#include "core/cli/check.hpp"
#include "core/cli/columns.hpp"
#include "core/cli/letter_source.hpp"
#include "core/cli/run.hpp"
#include "core/deadletter/file.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/telemetry/log.hpp"
#include "weir/posix.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;
constexpr std::size_t kReasonWidth = 200;

int complain(const std::string& what) {
  std::fprintf(stderr, "weir deadletter: %s\n", what.c_str());
  return kExitFailure;
}

int list(const config::Config& config, std::FILE* out) {
  struct Group {
    std::uint64_t rows = 0;
    std::string last;
  };
  Columns table({"SINK", "MEASUREMENT", "ROWS", "LAST", "REASON"});
  bool any = false;
  for (const config::Component& c : config.components) {
    if (c.kind != WEIR_SINK) continue;
    std::map<std::pair<std::string, std::string>, Group> groups;
    LetterFile file(deadletter::file_path(config.agent.data_dir, c.id));
    for (deadletter::Letter letter; file.next(letter);) {
      Group& g = groups[{letter.schema->measurement, letter.reason}];
      ++g.rows;
      g.last = std::max(g.last, letter.at);
    }
    if (file.error() != 0 && file.error() != ENOENT) {
      return complain(file.path() + ": " + errno_text(file.error()));
    }
    for (const auto& [key, g] : groups) {
      any = true;
      table.add(
          {c.id, key.first, std::to_string(g.rows), g.last, key.second.substr(0, kReasonWidth)});
    }
    if (file.bad() != 0) {
      any = true;
      table.add({c.id, "?", std::to_string(file.bad()), "",
                 "unreadable: " + file.path() + ":" + file.first_bad()});
    }
  }
  if (any) {
    table.print(out, 0);
  } else {
    std::fprintf(out, "no dead letters in %s/deadletters\n", config.agent.data_dir.c_str());
  }
  return 0;
}

// The configuration with nothing in it but that sink, and what reads the letters.
std::string reduce(config::Config& config, const std::string& sink) {
  std::vector<config::Component>& all = config.components;
  std::erase_if(all, [&](const auto& c) { return c.kind != WEIR_SINK || c.id != sink; });
  if (all.empty()) return "the configuration has no sink '" + sink + "'";
  config::Component& c = all[0];
  if (c.sink.dead_letters.count == 0) {
    return "sink '" + sink + "' has `dead_letters: 0`: rows that it rejects again would be lost; " +
           "write a size there, such as 64MiB, for the replay";
  }
  if (c.present_only()) {
    return "sink '" + sink + "' is a " + c.type +
           ", which shows the present only: rows of the past have no place there";
  }
  config.agent.labels.clear();  // the rows have them already
  config.warnings.clear();
  c.consumer.required = true;
  c.consumer.buffer = {};  // the disk buffer is the agent's
  c.consumer.buffer.max_size = config::kMemoryBufferBytes;
  c.consumer.buffer.when_full = config::WhenFull::kBlock;
  config::Component source;
  source.kind = WEIR_SOURCE;
  source.id = "dead letters";
  source.type = letter_source()->name;
  source.descriptor = letter_source();
  source.options = config::no_options();
  source.source.required = true;
  c.inputs = {source.id};
  all.insert(all.begin(), std::move(source));
  return "";
}

// What stands in the way of a replay, to be told; "" when `aside` has the rows, and is ours.
std::string set_aside(const std::string& path, const std::string& aside, Fd& held) {
  switch (const int error = deadletter::take(path, aside, held)) {
    case 0: return "";
    case ENOENT: return "there are no dead letters: " + path + " does not exist";
    case EWOULDBLOCK: return "another replay is sending " + aside + "; wait until it is over";
    default: return path + " cannot be set aside as " + aside + ": " + errno_text(error);
  }
}

// On a thread of its own, which may wait for room; a signal ends that. Whether all of the file was
// read, and nothing is left to be sent.
bool drive(core::Pipeline& pipeline, const LetterFile& file, const sigset_t& signals) {
  std::atomic<bool> finished{false}, interrupted{false};
  bool good = true;
  std::thread driver([&] {
    do {
      good = pipeline.collect(0, 0) && pipeline.settle([&] { return !interrupted.load(); });
    } while (good && !file.ended() && !interrupted.load());
    finished.store(true);
  });
  constexpr timespec kTick{0, 20'000'000};
  while (!finished.load()) {
    if (sigtimedwait(&signals, nullptr, &kTick) <= 0 || interrupted.exchange(true)) continue;
    core::log_warn("interrupted: stopping; SIGINT ends it at once");
    pipeline.give_up();
  }
  driver.join();
  return good && file.ended() && file.error() == 0;
}

int replay(std::unique_ptr<config::Config> config, const std::string& sink,
           const sigset_t& signals) {
  const std::string path = deadletter::file_path(config->agent.data_dir, sink);
  const std::string aside = path + ".replaying", unreadable = path + ".unreadable";
  if (const std::string why = reduce(*config, sink); !why.empty()) return complain(why);
  Fd held;
  if (const std::string why = set_aside(path, aside, held); !why.empty()) return complain(why);
  LetterFile file(aside);
  if (file.error() != 0) return complain(aside + ": " + errno_text(file.error()));
  read_letters_from(file);

  core::Pipeline pipeline(std::move(config));
  if (const int code = pipeline.start(); code != 0) return code;
  const bool sent = drive(pipeline, file, signals);
  let_interrupt_kill();
  const bool clean = pipeline.stop();
  std::uint64_t rejected = 0, dropped = 0, delivered = 0;
  for (const auto& r : pipeline.routes()) {
    delivered += r->rows_delivered;
    for (const auto& d : r->rows_dropped) dropped += d;
    rejected += r->rows_dropped[static_cast<std::size_t>(core::DropReason::kRejected)];
  }
  const std::uint64_t not_kept = pipeline.dead_letters_not_kept();
  std::string told = std::to_string(delivered) + " rows delivered, " + std::to_string(rejected) +
                     " rejected again";
  if (file.bad() != 0) {
    told += ", " + std::to_string(file.bad()) + " lines unreadable (line " + file.first_bad() + ")";
  }
  // While any of it is true, the rows are nowhere else.
  std::string failed;
  if (file.error() != 0) {
    failed = "it cannot be read to its end: " + errno_text(file.error());
  } else if (!sent || dropped != rejected) {
    failed = "not all was sent";
  } else if (not_kept != 0) {
    failed = std::to_string(not_kept) + " of these found no place in " + path +
             ", which needs room on its disk, or a larger dead_letters";
  } else if (file.bad() != 0) {
    failed = file.copy_bad(unreadable);
    if (failed.empty()) told += ", which are now in " + unreadable;
  }
  if (failed.empty() && unlink(aside.c_str()) != 0) {
    failed = "it cannot be removed: " + errno_text(errno);
  }
  const bool good = failed.empty() && rejected == 0 && file.bad() == 0;
  if (good) {
    core::log_info(told);
  } else if (failed.empty()) {
    core::log_warn(told);
  } else {
    core::log_error(told + "; " + failed + "; " + aside +
                    " has the rows, and the same command sends them again");
  }
  if (!clean) _exit(kExitFailure);
  return good ? 0 : kExitFailure;
}

}  // namespace

int deadletter(const DeadLetterArgs& args, std::FILE* out) {
  const std::string action = args.words.empty() ? "" : args.words[0];
  const bool lists = action == "list" && args.words.size() == 1;
  const bool replays = action == "replay" && args.words.size() == 2;
  if (!lists && !replays) return complain("expected `list`, or `replay` and the id of a sink");
  const sigset_t signals = block_signals();
  std::unique_ptr<config::Config> config = load({args.request, args.log_level, args.log_format});
  if (config == nullptr) return kExitConfiguration;
  return lists ? list(*config, out) : replay(std::move(config), args.words[1], signals);
}

}  // namespace weir::cli
