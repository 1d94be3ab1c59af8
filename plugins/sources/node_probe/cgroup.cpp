// Collector cgroup: what the control group of this process uses and may use; in a container that
// is the container. Version 2 only. The root group has no limits and is the host itself: there is
// nothing to say of it.
#include <array>
#include <climits>
#include <cstdlib>

#include "collectors.hpp"
#include "devices.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

std::optional<std::string_view> cgroup_path(std::string_view text) {
  std::string_view line;
  while (next_line(text, line)) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return std::nullopt;
}

bool parse_cgroup_io_line(std::string_view line, CgroupIoLine& io) {
  static constexpr std::string_view kKeys[] = {
      "rbytes=", "wbytes=", "rios=", "wios=", "dbytes=", "dios="};
  io.device = next_word(line);
  io.values.fill(0);
  if (io.device.find(':') == std::string_view::npos) return false;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    for (std::size_t i = 0; i < std::size(kKeys); ++i) {
      if (!word.starts_with(kKeys[i])) continue;
      if (!parse_number(word.substr(kKeys[i].size()), io.values[i])) return false;
    }
  }
  return true;
}

namespace {

// A field of the measurement, and the file and key that it is from. An empty key: the file holds
// one number, or the word max.
struct Description {
  const char* file;
  const char* key;
  const char* field;
  weir_metric metric;
  const char* unit;
  const char* help;
};
constexpr std::array<Description, 18> kFields = {{
    {"cpu.stat", "usage_usec", "cpu_usage_seconds_total", WEIR_COUNTER, "seconds", "CPU time."},
    {"cpu.stat", "user_usec", "cpu_user_seconds_total", WEIR_COUNTER, "seconds",
     "CPU time in user mode."},
    {"cpu.stat", "system_usec", "cpu_system_seconds_total", WEIR_COUNTER, "seconds",
     "CPU time in the kernel."},
    {"cpu.stat", "nr_periods", "cpu_periods_total", WEIR_COUNTER, "",
     "Periods in which the limit of CPU time was enforced."},
    {"cpu.stat", "nr_throttled", "cpu_throttled_periods_total", WEIR_COUNTER, "",
     "Periods in which the limit of CPU time was reached."},
    {"cpu.stat", "throttled_usec", "cpu_throttled_seconds_total", WEIR_COUNTER, "seconds",
     "Time in which tasks were held back by the limit of CPU time."},
    {"memory.current", "", "memory_current_bytes", WEIR_GAUGE, "bytes", "Memory in use."},
    {"memory.max", "", "memory_limit_bytes", WEIR_GAUGE, "bytes",
     "Memory that may be used; not there when there is no limit."},
    {"memory.high", "", "memory_high_bytes", WEIR_GAUGE, "bytes",
     "Memory above which tasks are slowed down; not there when there is no limit."},
    {"memory.swap.current", "", "memory_swap_current_bytes", WEIR_GAUGE, "bytes", "Swap in use."},
    {"memory.swap.max", "", "memory_swap_limit_bytes", WEIR_GAUGE, "bytes",
     "Swap that may be used; not there when there is no limit."},
    {"memory.events", "low", "memory_events_low_total", WEIR_COUNTER, "",
     "How often memory was reclaimed although usage was below the low boundary."},
    {"memory.events", "high", "memory_events_high_total", WEIR_COUNTER, "",
     "How often usage went over the high boundary."},
    {"memory.events", "max", "memory_events_max_total", WEIR_COUNTER, "",
     "How often usage was about to go over the limit."},
    {"memory.events", "oom", "memory_events_oom_total", WEIR_COUNTER, "",
     "How often an allocation was about to fail at the limit."},
    {"memory.events", "oom_kill", "memory_events_oom_kill_total", WEIR_COUNTER, "",
     "Tasks killed for want of memory."},
    {"pids.current", "", "pids", WEIR_GAUGE, "", "Tasks."},
    {"pids.max", "", "pids_limit", WEIR_GAUGE, "",
     "Tasks there may be; not there when there is no limit."},
}};
constexpr std::array<std::array<const char*, 3>, 6> kIoFields = {{
    {"read_bytes_total", "bytes", "Bytes read."},
    {"written_bytes_total", "bytes", "Bytes written."},
    {"reads_total", "", "Reads."},
    {"writes_total", "", "Writes."},
    {"discarded_bytes_total", "bytes", "Bytes discarded."},
    {"discards_total", "", "Discards."},
}};
constexpr double kMicrosecondsPerSecond = 1e6;

class Cgroup : public Collector {
 public:
  explicit Cgroup(Context& context) {
    weir::Schema s("node_cgroup", "The control group of this agent: its container, in one.");
    s.label("cgroup");
    for (const Description& f : kFields) {
      s.field(f.field, WEIR_F64, f.metric, f.unit, f.help);
    }
    measurement_ = context.source.measurement(s);
    weir::Schema io("node_cgroup_io", "Input and output of this control group by block device.");
    io.label("cgroup").label("device");
    for (const auto& [name, unit, help] : kIoFields) {
      io.field(name, WEIR_U64, WEIR_COUNTER, unit, help);
    }
    io_measurement_ = context.source.measurement(io);
  }

  Outcome collect(Context& context) override {
    if (rescan_.due(context)) find(context);
    if (files_.empty()) return Outcome::kNoData;
    Outcome outcome = emit(context);
    const Outcome io_outcome = emit_io(context);
    return outcome != Outcome::kOk ? outcome : io_outcome;
  }

 private:
  void find(Context& context) {
    std::string directory, name;
    const auto own = read_small(context.reader, context.path("/proc/self/cgroup"));
    const auto path = own ? cgroup_path(*own) : std::nullopt;
    if (path) {
      name = *path;
      directory = context.path(mount_point(context));
      if (name != "/") directory += name;
    }
    // Every group but the root has this file.
    if (directory.empty() || !read_small(context.reader, directory + "/cgroup.events")) {
      directory.clear();
      name.clear();
    }
    if (directory == directory_ && name == name_) return;
    directory_ = directory;
    name_ = name;
    files_.clear();
    io_file_.reset();
    devices_.begin();
    devices_.sweep([&](Device& gone) { context.source.release(gone.series); });
    if (series_ != nullptr) context.source.release(series_);
    series_ = nullptr;
    if (directory_.empty()) return;
    series_ = context.series(measurement_, {name_});
    const char* last = "";
    for (const Description& f : kFields) {
      if (std::string_view(f.file) == last) continue;
      last = f.file;
      files_.emplace_back(context.reader, directory_ + "/" + f.file, File::kAttribute);
    }
    io_file_ = std::make_unique<File>(context.reader, directory_ + "/io.stat", File::kAttribute);
  }

  // Where the file system cgroup2 is mounted.
  static std::string mount_point(Context& context) {
    File table(context.reader, context.path("/proc/self/mountinfo"), File::kTable);
    auto rest = table.read();
    std::string_view line;
    while (rest && next_line(*rest, line)) {
      MountLine mount;
      if (parse_mount_line(line, mount) && mount.fs_type == "cgroup2") {
        return unescape_mount(mount.mount_point);
      }
    }
    return "/sys/fs/cgroup";
  }

  Outcome emit(Context& context) {
    weir::Batch batch = context.source.batch(measurement_, 1);
    batch.add(series_, context.time);
    Outcome outcome = Outcome::kOk;
    bool any = false;
    std::uint32_t field = 0;
    for (File& file : files_) {
      const auto text = file.read();
      if (!text && !file.missing()) outcome = context.cannot_read(file);
      const char* const name = kFields[field].file;
      for (; field < kFields.size() && kFields[field].file == name; ++field) {
        double value = 0;
        const bool known = text && find_value(*text, kFields[field], value);
        batch.set(field, 0, value);
        if (!known) batch.set_null(field, 0);
        any = any || known;
      }
    }
    if (!any) {
      rescan_.soon();
      return outcome != Outcome::kOk ? outcome : Outcome::kNoData;
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

  static bool find_value(std::string_view text, const Description& field, double& value) {
    std::uint64_t number = 0;
    const std::string_view key = field.key;
    if (key.empty()) {
      if (!parse_number(trim(text), number)) return false;  // "max": no limit
    } else {
      std::string_view line;
      do {
        if (!next_line(text, line)) return false;
      } while (next_word(line) != key);
      if (!next_number(line, number)) return false;
    }
    value = static_cast<double>(number) / (key.ends_with("_usec") ? kMicrosecondsPerSecond : 1);
    return true;
  }

  Outcome emit_io(Context& context) {
    const auto text = io_file_->read();
    if (!text) return io_file_->missing() ? Outcome::kOk : context.cannot_read(*io_file_);
    if (text->empty() && !has_devices_) return Outcome::kOk;
    weir::Batch batch = context.source.batch(io_measurement_, rows_for(*text));
    devices_.begin();
    const std::size_t malformed = each_line(*text, [&](std::string_view line, std::size_t) {
      CgroupIoLine io;
      if (!parse_cgroup_io_line(line, io)) return false;
      Device* device = devices_.visit(io.device, [&](Device& fresh) {
        fresh.series = context.series(io_measurement_, {name_, device_name(context, io.device)});
      });
      if (device == nullptr) return true;
      const std::uint32_t row = batch.add(device->series, context.time);
      for (std::uint32_t i = 0; i < io.values.size(); ++i) batch.set_u64(i, row, io.values[i]);
      return true;
    });
    devices_.sweep([&](Device& gone) { context.source.release(gone.series); });
    has_devices_ = batch.rows() > 0;
    context.source.emit(std::move(batch));
    return context.understood(io_file_->path(), malformed);
  }

  // "254:0" -> "vda", where sysfs tells.
  static std::string device_name(Context& context, std::string_view numbers) {
    char real[PATH_MAX];
    const std::string link = context.path("/sys/dev/block/") + std::string(numbers);
    if (::realpath(link.c_str(), real) == nullptr) return std::string(numbers);
    const std::string_view path = real;
    return std::string(path.substr(path.rfind('/') + 1));
  }

  struct Device {
    const weir_series* series = nullptr;
  };

  const weir_measurement* measurement_ = nullptr;
  const weir_measurement* io_measurement_ = nullptr;
  std::string directory_, name_;  // empty: in the root group, or no version 2
  const weir_series* series_ = nullptr;
  std::vector<File> files_;  // one for each run of kFields with the same file
  std::unique_ptr<File> io_file_;
  Devices<Device> devices_;
  bool has_devices_ = false;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_cgroup(Context& context, Shared&) {
  return std::make_unique<Cgroup>(context);
}

}  // namespace node_probe
