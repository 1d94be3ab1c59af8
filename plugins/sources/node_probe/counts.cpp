// Collectors entropy and filefd: a number or two from a file of /proc/sys.
#include "collectors.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

class Entropy : public Collector {
 public:
  explicit Entropy(Context& context)
      : available_(context.reader, context.path("/proc/sys/kernel/random/entropy_avail"),
                   File::kAttribute),
        pool_size_(context.reader, context.path("/proc/sys/kernel/random/poolsize"),
                   File::kAttribute),
        measurement_(context.source.measurement(
            weir::Schema("node_entropy", "The kernel's random number generator.")
                .field("available_bits", WEIR_U64, WEIR_GAUGE, "bits", "Entropy available.")
                .field("pool_size_bits", WEIR_U64, WEIR_GAUGE, "bits",
                       "Size of the entropy pool."))),
        series_(context.series(measurement_, {})) {}

  Outcome collect(Context& context) override {
    std::uint64_t available = 0;
    if (const auto text = available_.read(); !text) {
      return context.no_data_or_cannot_read(available_);
    } else if (!parse_number(trim(*text), available)) {
      return context.malformed(available_.path(), 1);
    }
    if (bits_ == 0) {  // a constant of the kernel
      if (const auto text = pool_size_.read(); !text) {
        return context.no_data_or_cannot_read(pool_size_);
      } else if (!parse_number(trim(*text), bits_)) {
        return context.malformed(pool_size_.path(), 1);
      }
    }
    context.emit_row(measurement_, series_, available, bits_);
    return Outcome::kOk;
  }

 private:
  File available_, pool_size_;
  std::uint64_t bits_ = 0;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

class Filefd : public Collector {
 public:
  explicit Filefd(Context& context)
      : file_(context.reader, context.path("/proc/sys/fs/file-nr"), File::kAttribute),
        measurement_(context.source.measurement(
            weir::Schema("node_filefd", "Open files of the whole system.")
                .field("allocated", WEIR_U64, WEIR_GAUGE, "", "File handles in use.")
                .field("maximum", WEIR_U64, WEIR_GAUGE, "", "File handles there can be."))),
        series_(context.series(measurement_, {})) {}

  Outcome collect(Context& context) override {
    auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    std::string_view line = trim(*text);
    std::uint64_t allocated = 0, unused = 0, maximum = 0;
    if (!next_number(line, allocated) || !next_number(line, unused) ||
        !next_number(line, maximum)) {
      return context.malformed(file_.path(), 1);
    }
    context.emit_row(measurement_, series_, allocated, maximum);
    return Outcome::kOk;
  }

 private:
  File file_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

}  // namespace

std::unique_ptr<Collector> make_entropy(Context& context, Shared&) {
  return std::make_unique<Entropy>(context);
}
std::unique_ptr<Collector> make_filefd(Context& context, Shared&) {
  return std::make_unique<Filefd>(context);
}

}  // namespace node_probe
