// Collector diskstats: /proc/diskstats, and what udev knows of each block device.
#include <array>
#include <vector>

#include "collectors.hpp"
#include "devices.hpp"
#include "filter.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_disk_line(std::string_view line, DiskLine& disk) {
  constexpr std::size_t kValuesMin = 11;  // since Linux 2.6
  if (!next_number(line, disk.major) || !next_number(line, disk.minor)) return false;
  disk.device = next_word(line);
  disk.values.fill(0);
  for (disk.value_count = 0; disk.value_count < disk.values.size(); ++disk.value_count) {
    const std::string_view word = next_word(line);
    if (word.empty()) break;
    if (!parse_number(word, disk.values[disk.value_count])) return false;
  }
  return disk.value_count >= kValuesMin;
}

std::string_view udev_property(std::string_view text, std::string_view name) {
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with("E:")) continue;
    line.remove_prefix(2);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == '=') {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

namespace {

// How a column becomes a field.
enum Unit { kCount, kSectors, kMilliseconds };
struct Column {
  const char* field;
  Unit unit;
  const char* help;
};
constexpr std::array<Column, 17> kColumns = {{
    {"reads_completed_total", kCount, "Reads completed."},
    {"reads_merged_total", kCount, "Reads merged with others beside them."},
    {"read_bytes_total", kSectors, "Bytes read."},
    {"read_time_seconds_total", kMilliseconds, "Time spent by all reads."},
    {"writes_completed_total", kCount, "Writes completed."},
    {"writes_merged_total", kCount, "Writes merged with others beside them."},
    {"written_bytes_total", kSectors, "Bytes written."},
    {"write_time_seconds_total", kMilliseconds, "Time spent by all writes."},
    {"io_now", kCount, "Reads and writes in progress."},
    {"io_time_seconds_total", kMilliseconds, "Time in which something was in progress."},
    {"io_time_weighted_seconds_total", kMilliseconds,
     "Time in which something was in progress, times how much."},
    {"discards_completed_total", kCount, "Discards completed."},
    {"discards_merged_total", kCount, "Discards merged with others beside them."},
    {"discarded_sectors_total", kCount, "Sectors of 512 bytes discarded."},
    {"discard_time_seconds_total", kMilliseconds, "Time spent by all discards."},
    {"flush_requests_total", kCount, "Flushes completed."},
    {"flush_requests_time_seconds_total", kMilliseconds, "Time spent by all flushes."},
}};
constexpr std::size_t kIoNow = 8;
constexpr std::size_t kLineBytesMax = 512;  // two numbers, 31 bytes of a name, 17 of 20 digits
constexpr std::uint64_t kSectorBytes = 512;
constexpr double kMillisecondsPerSecond = 1000;

// Properties of udev that become measurements of their own.
enum Ata { kWriteCache, kWriteCacheEnabled, kRotationRate, kAtas };
constexpr std::array<const char*, kAtas> kAtaProperties = {
    "ID_ATA_WRITE_CACHE", "ID_ATA_WRITE_CACHE_ENABLED", "ID_ATA_ROTATION_RATE_RPM"};

std::string exclude_option(const DiskstatsOptions& options) {
  return options.device_include.empty() ? options.device_exclude : "";
}

class Diskstats : public Collector {
 public:
  explicit Diskstats(Context& context)
      : file_(context.reader, context.path("/proc/diskstats"), File::kTable, kLineBytesMax),
        filter_(context.options.diskstats.device_include,
                exclude_option(context.options.diskstats)),
        disk_(context.source.measurement(disk_schema())),
        info_(context.source.measurement(info_schema(
            "node_disk_info", "Numbers and names of a block device.",
            {"device", "major", "minor", "path", "wwn", "model", "serial", "revision"}))),
        filesystem_(context.source.measurement(
            info_schema("node_disk_filesystem_info", "The file system on a block device.",
                        {"device", "type", "usage", "uuid", "version"}))),
        mapper_(context.source.measurement(
            info_schema("node_disk_device_mapper_info", "What a mapped block device is.",
                        {"device", "name", "uuid", "vg_name", "lv_name", "lv_layer"}))),
        ata_(context.source.measurement(
            weir::Schema("node_disk_ata", "Properties of ATA disks.")
                .label("device")
                .gauge("write_cache", "", "Whether this disk has a write cache.")
                .gauge("write_cache_enabled", "", "Whether the write cache is in use.")
                .gauge("rotation_rate_rpm", "",
                       "Revolutions per minute; 0: it has no moving "
                       "parts."))) {}

  Outcome collect(Context& context) override {
    const auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    weir::Batch batch = context.source.batch(disk_, rows_for(*text));
    disks_.begin();
    const std::size_t malformed = each_line(*text, [&](std::string_view line, std::size_t) {
      DiskLine now;
      if (!parse_disk_line(line, now)) return false;
      Disk* disk = disks_.visit(now.device, [&](Disk& fresh) {
        if (!filter_.accepts(now.device)) return;
        fresh.series = context.series(disk_, {now.device});
        rescan_.soon();
      });
      if (disk == nullptr || disk->series == nullptr) return true;
      if (disk->major != now.major || disk->minor != now.minor) rescan_.soon();
      disk->major = now.major;
      disk->minor = now.minor;
      write(batch, batch.add(disk->series, context.time), now);
      return true;
    });
    disks_.sweep([&](Disk& gone) { release(context, gone); });
    filter_.forget();
    context.source.emit(std::move(batch));
    if (rescan_.due(context)) read_udev(context);
    emit_udev(context);
    if (disks_.overflowed()) return context.too_many_devices(file_.path());
    return context.understood(file_.path(), malformed);
  }

 private:
  struct Disk {
    std::uint32_t major = 0, minor = 0;
    const weir_series* series = nullptr;  // none: filtered out
    const weir_series *info = nullptr, *filesystem = nullptr, *mapper = nullptr, *ata = nullptr;
    std::array<double, kAtas> ata_values{};
    unsigned ata_known = 0;  // bits
  };

  static weir::Schema disk_schema() {
    weir::Schema s("node_disk", "Input and output of block devices.");
    s.label("device");
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const Column& c = kColumns[i];
      const bool time = c.unit == kMilliseconds;
      s.field(c.field, time ? WEIR_F64 : WEIR_U64, i == kIoNow ? WEIR_GAUGE : WEIR_COUNTER,
              time                 ? "seconds"
              : c.unit == kSectors ? "bytes"
                                   : "",
              c.help);
    }
    return s;
  }

  static weir::Schema info_schema(const char* name, const char* help,
                                  std::initializer_list<const char*> labels) {
    weir::Schema s(name, help);
    for (const char* label : labels) s.label(label);
    s.field("info", WEIR_U64, WEIR_INFO, "", help, name);
    return s;
  }

  static void write(weir::Batch& batch, std::uint32_t row, const DiskLine& now) {
    for (std::uint32_t i = 0; i < kColumns.size(); ++i) {
      switch (kColumns[i].unit) {
        case kCount: batch.set_u64(i, row, now.values[i]); break;
        case kSectors: batch.set_u64(i, row, now.values[i] * kSectorBytes); break;
        case kMilliseconds:
          batch.set(i, row, static_cast<double>(now.values[i]) / kMillisecondsPerSecond);
          break;
      }
      if (i >= now.value_count) batch.set_null(i, row);
    }
  }

  // What udev knows changes only with an event such as a disk being replaced or formatted.
  void read_udev(Context& context) {
    disks_.for_each([&](const std::string& device, Disk& disk) {
      if (disk.series == nullptr) return;
      const std::string major = std::to_string(disk.major), minor = std::to_string(disk.minor);
      File file(context.reader, context.path("/run/udev/data/b") + major + ":" + minor,
                File::kAttribute);
      const std::string_view text = file.read().value_or(std::string_view{});
      const auto get = [&](const char* name) { return udev_property(text, name); };
      Disk old = disk;
      disk.info =
          context.series(info_, {device, major, minor, get("ID_PATH"), get("ID_WWN"),
                                 get("ID_MODEL"), get("ID_SERIAL_SHORT"), get("ID_REVISION")});
      disk.filesystem = disk.mapper = disk.ata = nullptr;
      if (!get("ID_FS_TYPE").empty()) {
        disk.filesystem =
            context.series(filesystem_, {device, get("ID_FS_TYPE"), get("ID_FS_USAGE"),
                                         get("ID_FS_UUID"), get("ID_FS_VERSION")});
      }
      if (!get("DM_NAME").empty()) {
        disk.mapper =
            context.series(mapper_, {device, get("DM_NAME"), get("DM_UUID"), get("DM_VG_NAME"),
                                     get("DM_LV_NAME"), get("DM_LV_LAYER")});
      }
      disk.ata_known = 0;
      for (std::size_t i = 0; !get("ID_ATA").empty() && i < kAtas; ++i) {
        if (parse_number(get(kAtaProperties[i]), disk.ata_values[i])) disk.ata_known |= 1u << i;
      }
      if (disk.ata_known != 0) disk.ata = context.series(ata_, {device});
      old.series = nullptr;
      release(context, old);
    });
  }

  void emit_udev(Context& context) {
    emit_info(context, info_, &Disk::info);
    emit_info(context, filesystem_, &Disk::filesystem);
    emit_info(context, mapper_, &Disk::mapper);
    const std::uint32_t rows = count(&Disk::ata);
    if (rows == 0) return;
    weir::Batch batch = context.source.batch(ata_, rows);
    disks_.for_each([&](const std::string&, Disk& disk) {
      if (disk.ata == nullptr) return;
      const std::uint32_t row = batch.add(disk.ata, context.time);
      for (std::uint32_t i = 0; i < kAtas; ++i) {
        batch.set(i, row, disk.ata_values[i]);
        if ((disk.ata_known >> i & 1) == 0) batch.set_null(i, row);
      }
    });
    context.source.emit(std::move(batch));
  }

  using SeriesMember = const weir_series* Disk::*;
  std::uint32_t count(SeriesMember member) {
    std::uint32_t n = 0;
    disks_.for_each([&](const std::string&, Disk& disk) { n += disk.*member != nullptr ? 1 : 0; });
    return n;
  }
  void emit_info(Context& context, const weir_measurement* measurement, SeriesMember member) {
    const std::uint32_t rows = count(member);
    if (rows == 0) return;
    weir::Batch batch = context.source.batch(measurement, rows);
    disks_.for_each([&](const std::string&, Disk& disk) {
      if (disk.*member != nullptr) batch.set_u64(0, batch.add(disk.*member, context.time), 1);
    });
    context.source.emit(std::move(batch));
  }

  static void release(Context& context, Disk& disk) {
    for (const weir_series* s : {disk.series, disk.info, disk.filesystem, disk.mapper, disk.ata}) {
      if (s != nullptr) context.source.release(s);
    }
  }

  File file_;
  Filter filter_;
  const weir_measurement *disk_, *info_, *filesystem_, *mapper_, *ata_;
  Devices<Disk> disks_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_diskstats(Context& context, Shared&) {
  return std::make_unique<Diskstats>(context);
}

}  // namespace node_probe
