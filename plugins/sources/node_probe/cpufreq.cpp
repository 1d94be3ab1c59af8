// Collector cpufreq: clock frequencies of CPUs, and which governor chooses them.
#include <array>
#include <vector>

#include "collectors.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kCpusMax = 8192;
constexpr double kHertzPerKilohertz = 1000;

class Cpufreq : public Collector {
 public:
  explicit Cpufreq(Context& context)
      : frequency_(context.source.measurement(
            weir::Schema("node_cpu_frequency", "Clock frequencies of CPUs.")
                .label("cpu")
                .gauge("hertz", "hertz", "Frequency as the hardware tells it.")
                .gauge("min_hertz", "hertz", "Lowest frequency of the hardware.")
                .gauge("max_hertz", "hertz", "Highest frequency of the hardware.")
                .gauge("scaling_hertz", "hertz", "Frequency as the kernel believes it to be.",
                       "node_cpu_scaling_frequency_hertz")
                .gauge("scaling_min_hertz", "hertz", "Lowest frequency the kernel may choose.",
                       "node_cpu_scaling_frequency_min_hertz")
                .gauge("scaling_max_hertz", "hertz", "Highest frequency the kernel may choose.",
                       "node_cpu_scaling_frequency_max_hertz"))) {}

  Outcome collect(Context& context) override {
    if (rescan_.due(context)) find(context);
    if (cpus_.empty()) return Outcome::kOk;
    weir::Batch batch = context.source.batch(frequency_, static_cast<std::uint32_t>(cpus_.size()));
    Outcome outcome = Outcome::kOk;
    for (Cpu& cpu : cpus_) {
      std::array<double, kFiles.size()> values{};
      unsigned known = 0;
      for (std::size_t i = 0; i < cpu.files.size(); ++i) {
        const auto text = cpu.files[i].read();
        std::uint64_t kilohertz = 0;
        if (text && parse_number(trim(*text), kilohertz)) {
          values[i] = static_cast<double>(kilohertz) * kHertzPerKilohertz;
          known |= 1u << i;
        } else if (text && trim(*text) != "<unknown>") {
          outcome = context.malformed(cpu.files[i].path(), 1);
        }
      }
      if (known == 0) {
        rescan_.soon();
        continue;
      }
      const std::uint32_t row = batch.add(cpu.series, context.time);
      for (std::uint32_t i = 0; i < kFiles.size(); ++i) {
        batch.set(i, row, values[i]);
        if ((known >> i & 1) == 0) batch.set_null(i, row);
      }
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

 private:
  // In the order of the fields. The first may be read by root alone.
  static constexpr std::array<const char*, 6> kFiles = {"cpuinfo_cur_freq", "cpuinfo_min_freq",
                                                        "cpuinfo_max_freq", "scaling_cur_freq",
                                                        "scaling_min_freq", "scaling_max_freq"};
  struct Cpu {
    const weir_series* series;
    std::vector<File> files;
  };

  void find(Context& context) {
    std::vector<Cpu> found;
    std::vector<std::string> names;
    const std::string directory = context.path("/sys/devices/system/cpu");
    list_directory(directory, "cpu", kCpusMax, names);
    for (const std::string& name : names) {
      std::uint64_t number = 0;
      if (!parse_number(std::string_view(name).substr(3), number)) continue;
      const std::string path = directory + "/" + name + "/cpufreq/";
      if (!read_small(context.reader, path + "cpuinfo_max_freq") &&
          !read_small(context.reader, path + "scaling_cur_freq")) {
        continue;
      }
      Cpu cpu{context.series(frequency_, {name.substr(3)}), {}};
      for (const char* file : kFiles) {
        cpu.files.emplace_back(context.reader, path + file, File::kAttribute);
      }
      found.push_back(std::move(cpu));
    }
    found.swap(cpus_);
    for (const Cpu& old : found) context.source.release(old.series);
  }

  const weir_measurement* frequency_;
  std::vector<Cpu> cpus_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_cpufreq(Context& context, Shared&) {
  return std::make_unique<Cpufreq>(context);
}

}  // namespace node_probe
