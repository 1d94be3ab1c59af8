// Collector filesystem: sizes of mounted file systems. The mount table is read again only when
// the kernel says that it has changed; statfs is asked every time.
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "collectors.hpp"
#include "devices.hpp"
#include "filter.hpp"
#include "parse.hpp"
#include "patient_statfs.hpp"
#include "text.hpp"

namespace node_probe {

namespace {
bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    if (options.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) break;
    options.remove_prefix(comma + 1);
  }
  return false;
}
}  // namespace

bool parse_mount_line(std::string_view line, MountLine& mount) {
  // id parent major:minor root mount_point options [optional...] - type device super_options
  for (int i = 0; i < 4; ++i) {
    if (next_word(line).empty()) return false;
  }
  mount.mount_point = next_word(line);
  const std::string_view options = next_word(line);
  std::string_view word;
  do {
    word = next_word(line);
    if (word.empty()) return false;
  } while (word != "-");
  mount.fs_type = next_word(line);
  mount.device = next_word(line);
  if (mount.device.empty()) return false;
  mount.read_only = has_option(options, "ro") || has_option(next_word(line), "ro");
  return true;
}

std::string unescape_mount(std::string_view text) {
  const auto octal = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && octal(i + 1) &&
        octal(i + 2) && octal(i + 3)) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                  (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

namespace {

// File systems whose server, in the network or in user space, may leave statfs waiting.
bool may_hang(std::string_view fs_type) {
  constexpr std::array<std::string_view, 16> kPrefixes = {
      "nfs",  "cifs", "smb",   "fuse",   "ceph",   "gluster", "9p",       "afs",
      "coda", "gpfs", "ncpfs", "lustre", "beegfs", "ocfs",    "orangefs", "virtiofs"};
  for (const std::string_view prefix : kPrefixes) {
    if (fs_type.starts_with(prefix)) return true;
  }
  return false;
}

enum Field { kSize, kFree, kAvail, kFiles, kFilesFree, kReadonly, kDeviceError };

class Filesystem : public Collector {
 public:
  explicit Filesystem(Context& context)
      : table_(context.reader, context.path("/proc/1/mountinfo"), File::kTable),
        own_table_(context.reader, context.path("/proc/self/mountinfo"), File::kTable),
        mount_points_("", context.options.filesystem.mount_points_exclude),
        fs_types_("", context.options.filesystem.fs_types_exclude),
        measurement_(context.source.measurement(schema())) {}

  Outcome collect(Context& context) override {
    const Outcome outcome = refresh_mounts(context);
    const auto deadline =
        std::chrono::steady_clock::now() + context.options.filesystem.mount_timeout;
    mounts_.for_each([](const std::string&, Mount& mount) {
      if (mount.patient != nullptr) mount.patient->ask();
    });
    weir::Batch batch = context.source.batch(measurement_, std::max(measured_, 1u));
    mounts_.for_each([&](const std::string&, Mount& mount) {
      if (mount.series == nullptr) return;
      struct statfs now {};
      const int error = mount.patient != nullptr ? mount.patient->answer(deadline, now)
                        : context.statfs(mount.path.c_str(), &now) == 0 ? 0
                                                                        : errno;
      write(batch, batch.add(mount.series, context.time), mount, now, error);
    });
    context.source.emit(std::move(batch));
    return outcome;
  }

 private:
  struct Mount {
    const weir_series* series = nullptr;  // none: filtered out, or the same labels as another
    std::string path;
    bool read_only = false;
    std::unique_ptr<PatientStatfs> patient;
  };

  static weir::Schema schema() {
    weir::Schema s("node_filesystem", "Space in mounted file systems.");
    s.label("device").label("fstype").label("mountpoint");
    const auto add = [&](const char* name, const char* unit, const char* help) {
      s.field(name, WEIR_U64, WEIR_GAUGE, unit, help);
    };
    add("size_bytes", "bytes", "Size of the file system.");
    add("free_bytes", "bytes", "Space that is free, with what is reserved for root.");
    add("avail_bytes", "bytes", "Space that is free to all users.");
    add("files", "", "Inodes there can be.");
    add("files_free", "", "Inodes that are free.");
    add("readonly", "", "Whether it is mounted read-only.");
    add("device_error", "", "Whether the file system could not be asked, or did not answer.");
    return s;
  }

  Outcome refresh_mounts(Context& context) {
    if (fresh_ && !current_->may_have_changed()) return Outcome::kOk;
    fresh_ = false;
    current_ = &table_;
    auto rest = table_.read();
    if (!rest) {  // process 1 may be hidden
      current_ = &own_table_;
      rest = own_table_.read();
    }
    if (!rest) return context.cannot_read(own_table_);
    mounts_.begin();
    const std::size_t malformed = each_line(*rest, [&](std::string_view line, std::size_t) {
      MountLine now;
      if (!parse_mount_line(line, now)) return false;
      key_.assign(now.device).append(1, ' ').append(now.mount_point).append(1, ' ');
      key_.append(now.fs_type);
      Mount* mount = mounts_.visit(key_, [&](Mount& fresh) { make_mount(context, now, fresh); });
      if (mount != nullptr) mount->read_only = now.read_only;
      return true;
    });
    mounts_.sweep([&](Mount& gone) {
      if (gone.series == nullptr) return;
      context.source.release(gone.series);
      --measured_;
    });
    mount_points_.forget();
    fs_types_.forget();
    if (mounts_.overflowed()) return context.too_many_devices(current_->path());
    if (malformed != 0) return context.malformed(current_->path(), malformed);
    fresh_ = true;
    return Outcome::kOk;
  }

  void make_mount(Context& context, const MountLine& now, Mount& mount) {
    if (!fs_types_.accepts(now.fs_type)) return;
    const std::string mount_point = unescape_mount(now.mount_point);
    if (!mount_points_.accepts(mount_point)) return;
    mount.path = context.path(mount_point);
    if (may_hang(now.fs_type)) {
      mount.patient = std::make_unique<PatientStatfs>(mount.path, context.statfs);
    }
    mount.series =
        context.series(measurement_, {unescape_mount(now.device), now.fs_type, mount_point});
    ++measured_;
  }

  static void write(weir::Batch& batch, std::uint32_t row, const Mount& mount,
                    const struct statfs& now, int error) {
    const auto block = static_cast<std::uint64_t>(now.f_bsize);
    batch.set_u64(kSize, row, now.f_blocks * block);
    batch.set_u64(kFree, row, now.f_bfree * block);
    batch.set_u64(kAvail, row, now.f_bavail * block);
    batch.set_u64(kFiles, row, now.f_files);
    batch.set_u64(kFilesFree, row, now.f_ffree);
    batch.set_u64(kReadonly, row, mount.read_only ? 1 : 0);
    batch.set_u64(kDeviceError, row, error != 0 ? 1 : 0);
    for (std::uint32_t field = 0; error != 0 && field < kDeviceError; ++field) {
      batch.set_null(field, row);
    }
  }

  File table_, own_table_;
  File* current_ = &table_;
  bool fresh_ = false;  // `mounts_` is what `current_` says
  Filter mount_points_, fs_types_;
  const weir_measurement* measurement_;
  Devices<Mount> mounts_;
  std::uint32_t measured_ = 0;  // mounts with a series
  std::string key_;
};

}  // namespace

std::unique_ptr<Collector> make_filesystem(Context& context, Shared&) {
  return std::make_unique<Filesystem>(context);
}

}  // namespace node_probe
