// A pipeline of the configured sources and one sink that prints.
#include "core/cli/once.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>

#include "core/cli/check.hpp"
#include "core/cli/run.hpp"
#include "core/cli/table.hpp"
#include "core/cli/terminal.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/telemetry/log.hpp"
#include "weir/format.hpp"
#include "weir/weir.hpp"

namespace weir::cli {

namespace {

constexpr int kExitUsage = 1;
constexpr const char* kPrinterId = "weir once";

// Who reads decides how long it takes; Ctrl-C ends it.
constexpr std::chrono::hours kPatience{24};

// What the printing sink does with rows; set before it is made.
struct Output {
  bool table = false;
  format::Format format = format::Format::jsonl;
  Table rows;
};
Output* g_output = nullptr;

class Printer {
 public:
  explicit Printer(Sink) : encoder_(g_output->format) {}
  Status write(std::span<const weir_batch* const> batches) {
    for (const weir_batch* batch : batches) {
      if (g_output->table) {
        g_output->rows.add(*batch);
        continue;
      }
      text_.clear();
      if (g_output->format == format::Format::csv && batch->measurement != last_) {
        if (last_ != nullptr) text_.append("\n");
        text_.append(format::Csv::header(*batch->measurement));
        last_ = batch->measurement;
      }
      encoder_.append(*batch, text_);
      const std::string_view text = text_.view();
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
        return Status::reject(std::string("standard output: ") + std::strerror(errno));
      }
    }
    return Status::ok();
  }

 private:
  format::Encoder encoder_;
  format::Buffer text_;
  const weir_measurement* last_ = nullptr;
};

bool choose(const std::string& word, Output& output) {
  output.table = word == "table" || (word == "auto" && isatty(STDOUT_FILENO) != 0);
  if (word == "csv") output.format = format::Format::csv;
  if (word == "influx") output.format = format::Format::influx;
  return word == "auto" || word == "table" || word == "jsonl" || word == "csv" || word == "influx";
}

// Keeps the wanted sources, and adds the printing sink behind them. False for an unknown id.
bool reduce(config::Config& config, const std::vector<std::string>& ids) {
  std::vector<config::Component>& all = config.components;
  std::erase_if(all, [](const auto& c) { return c.kind != WEIR_SOURCE; });
  for (const std::string& id : ids) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& c) { return c.id == id; })) {
      const bool is_path = id.find('/') != std::string::npos || id.ends_with(".yaml");
      std::fprintf(stderr, "weir once: there is no source '%s'%s\n", id.c_str(),
                   is_path ? "; a configuration file goes behind -c" : "");
      return false;
    }
  }
  if (!ids.empty()) {
    std::erase_if(
        all, [&](const auto& c) { return std::find(ids.begin(), ids.end(), c.id) == ids.end(); });
  }
  config::Component printer;
  printer.kind = WEIR_SINK;
  printer.id = kPrinterId;
  printer.type = "print";
  printer.descriptor = sink<Printer>("print", "Prints.");
  printer.options = config::no_options();
  printer.consumer.required = true;
  printer.consumer.buffer.max_size = Bytes{64u << 20};
  printer.consumer.buffer.when_full = config::WhenFull::kBlock;
  printer.sink.batch = {10000, Bytes{4u << 20}, {}};
  printer.sink.retry = {std::chrono::seconds(1), std::chrono::seconds(1)};
  printer.sink.write_deadline = kPatience;
  for (const auto& c : all) printer.inputs.push_back(c.id);
  all.push_back(std::move(printer));
  return true;
}

}  // namespace

int once(const OnceArgs& args) {
  Output output;
  if (!choose(args.format, output)) {
    std::fprintf(stderr, "weir once: --format %s: expected one of auto table jsonl csv influx\n",
                 args.format.c_str());
    return kExitUsage;
  }
  g_output = &output;
  // Rows go to standard output; only what went wrong is worth a line beside them.
  const std::string level = args.log_level.empty() ? "warn" : args.log_level;
  std::unique_ptr<config::Config> config = load({args.request, level, args.log_format});
  if (config == nullptr) return kExitConfiguration;
  if (!reduce(*config, args.ids)) return kExitUsage;

  config->agent.shutdown_timeout = kPatience;
  core::Pipeline pipeline(std::move(config));
  if (const int code = pipeline.start(); code != 0) return code;
  bool good = pipeline.collect_once();
  if (!pipeline.stop()) _exit(1);
  for (const auto& r : pipeline.routes()) good = good && r->rows_offered == r->rows_delivered;
  if (output.table) {
    output.rows.print(stdout, line_width(stdout, std::numeric_limits<std::size_t>::max()),
                      isatty(STDOUT_FILENO) != 0);
  }
  if (std::fflush(stdout) != 0) {
    good = false;
    // A reader that has seen enough (head, less) is nothing to complain of.
    if (errno != EPIPE) {
      std::fprintf(stderr, "weir once: standard output: %s\n", std::strerror(errno));
    }
  }
  return good ? 0 : 1;
}

}  // namespace weir::cli
