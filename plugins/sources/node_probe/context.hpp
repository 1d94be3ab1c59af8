// context.hpp - what every collector works with: the agent, where the host's files are, the time
// of this collection, and a place to say why something failed. One thread at a time.
#pragma once

#include <sys/vfs.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "file.hpp"
#include "options.hpp"
#include "weir/host.hpp"

namespace node_probe {

enum class Outcome : std::uint8_t {
  kOk,
  kNoData,  // this kernel or machine does not have what is measured; not worth a warning
  kFailed   // `Context::failure` says why
};

struct Context {
  Context(weir::Source agent, const Options& configured);

  // The path of a file of the host: "/proc/stat" -> "<root>/proc/stat".
  std::string path(std::string_view host_path) const { return root + std::string(host_path); }

  // A series whose label values are made valid UTF-8. Give it back with source.release.
  const weir_series* series(const weir_measurement* measurement,
                            std::initializer_list<std::string_view> labels) const;

  // Interns a series into a list in which each is once: names that the kernel tells apart can be
  // the same when they have become labels, and a series has one row at a time. False: it was there.
  bool add_series(std::vector<const weir_series*>& list, const weir_measurement* measurement,
                  std::initializer_list<std::string_view> labels) const;

  // One row of a measurement whose fields have the types of these values, in their order.
  template <class... Values>
  void emit_row(const weir_measurement* measurement, const weir_series* series,
                Values... values) const {
    weir::Batch batch = source.batch(measurement, 1);
    batch.add(series, time);
    std::uint32_t field = 0;
    (set(batch, field++, values), ...);
    source.emit(std::move(batch));
  }

  Outcome fail(std::string why);
  Outcome cannot_read(const File& file) { return cannot_read(file.path(), file.error()); }
  Outcome cannot_read(const std::string& path, int error);
  // Nothing to measure when the file does not exist, else a failure.
  Outcome no_data_or_cannot_read(const File& file);
  // `line` from 1.
  Outcome malformed(const std::string& path, std::size_t line);
  // What a table came to whose first line that was not understood is this; 0: there is none.
  Outcome understood(const std::string& path, std::size_t malformed_line) {
    return malformed_line == 0 ? Outcome::kOk : malformed(path, malformed_line);
  }
  Outcome too_many_devices(const std::string& path);

  weir::Source source;
  const Options& options;
  std::string root;  // without a slash at its end: empty for /
  Reader reader;
  std::string failure;
  weir::Time time = 0;        // the instant that this collection stands for
  std::int64_t clock_ns = 0;  // monotonic, at the begin of this collection
  std::uint64_t pass = 0;     // number of this collection, from 1
  // Replaced by tests.
  int (*statfs)(const char* path, struct statfs* result) = ::statfs;

 private:
  static void set(weir::Batch& batch, std::uint32_t field, double value) {
    batch.set(field, 0, value);
  }
  static void set(weir::Batch& batch, std::uint32_t field, std::uint64_t value) {
    batch.set_u64(field, 0, value);
  }
};

// When slowly changing things are to be looked up anew.
class Rescan {
 public:
  // True at first, after `soon`, and every rescan_interval.
  bool due(const Context& context) {
    if (context.clock_ns < next_ns_) return false;
    next_ns_ = context.clock_ns + context.options.rescan_interval.count();
    return true;
  }
  void soon() { next_ns_ = 0; }

 private:
  std::int64_t next_ns_ = 0;
};

}  // namespace node_probe
