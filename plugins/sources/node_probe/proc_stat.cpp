// Parsing /proc/stat. The line "intr" can have thousands of numbers; only its first is looked at.
#include "proc_stat.hpp"

#include "text.hpp"

namespace node_probe {

namespace {
bool parse_cpu_line(std::string_view name, std::string_view line, CpuTicks& cpu) {
  if (!parse_number(name, cpu.number)) return false;
  cpu.ticks.fill(0);
  for (std::size_t i = 0; i < cpu.ticks.size(); ++i) {
    const std::string_view word = next_word(line);
    if (word.empty()) return i > kIdle;  // kernels before 2.6.33 have fewer columns
    if (!parse_number(word, cpu.ticks[i])) return false;
  }
  return true;
}
}  // namespace

void parse_stat(std::string_view text, StatTable& table) {
  static constexpr std::string_view kNames[] = {"intr",      "ctxt",          "btime",
                                                "processes", "procs_running", "procs_blocked"};
  std::uint64_t* const values[] = {&table.interrupts,        &table.context_switches,
                                   &table.boot_time_seconds, &table.forks,
                                   &table.procs_running,     &table.procs_blocked};
  table.cpus.clear();
  table.found = 0;
  table.malformed_line = each_line(text, [&](std::string_view line, std::size_t) {
    std::string_view name = next_word(line);
    bool good = true;
    if (name.starts_with("cpu")) {
      name.remove_prefix(3);
      CpuTicks cpu;
      if (!name.empty()) {  // "cpu" alone is the sum
        good = parse_cpu_line(name, line, cpu);
        if (good) table.cpus.push_back(cpu);
      }
    } else {
      for (unsigned i = 0; i < std::size(kNames); ++i) {
        if (name != kNames[i]) continue;
        good = next_number(line, *values[i]);
        if (good) table.found |= 1u << i;
      }
    }
    return good;
  });
}

ProcStat::ProcStat(Context& context)
    : file_(context.reader, context.path("/proc/stat"), File::kAttribute) {}

Outcome ProcStat::refresh(Context& context) {
  if (pass_ != context.pass) {
    pass_ = context.pass;
    const auto text = file_.read();
    parse_stat(text.value_or(std::string_view{}), table_);
  }
  if (file_.error() != 0) return context.cannot_read(file_);
  return context.understood(path(), table_.malformed_line);
}

}  // namespace node_probe
