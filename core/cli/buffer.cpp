// See buffer.hpp. check and dump write nothing and may be used while an agent has the buffer.
#include "core/cli/buffer.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/buffer/ack_file.hpp"
#include "core/buffer/disk_buffer.hpp"
#include "core/buffer/inspect.hpp"
#include "core/buffer/replay.hpp"
#include "core/cli/columns.hpp"
#include "weir/format.hpp"
#include "weir/posix.hpp"

namespace weir::cli {

namespace {

using weir::buffer::BufferReport;
using weir::buffer::Directory;
using weir::buffer::SegmentReport;

constexpr std::uint64_t kSeriesMax = 100u << 20;

void print(const BufferReport& report, std::FILE* out) {
  Columns table({"SEGMENT", "BYTES", "FRAMES", "ROWS", "ACKNOWLEDGED", "TORN", "DAMAGED", "STATE"});
  std::uint64_t frames = 0, rows = 0, acknowledged = 0, damaged = 0;
  for (const SegmentReport& s : report.segments) {
    table.add({weir::buffer::segment_name(s.base), std::to_string(s.bytes),
               std::to_string(s.frames), std::to_string(s.rows),
               std::to_string(s.rows_acknowledged), std::to_string(s.bytes_torn),
               std::to_string(s.bytes_damaged), s.good() ? "good" : s.problem});
    frames += s.frames;
    rows += s.rows;
    acknowledged += s.rows_acknowledged;
    damaged += s.rows_damaged;
  }
  if (!report.segments.empty()) table.print(out, 0);
  std::fprintf(out, "%s, %s with %s; %s acknowledged, %s held; %s or more damaged; %s\n",
               counted(report.segments.size(), "segment").c_str(), counted(frames, "frame").c_str(),
               counted(rows, "row").c_str(), counted(acknowledged, "row").c_str(),
               counted(rows - acknowledged, "row").c_str(), counted(damaged, "row").c_str(),
               counted(report.files_quarantined, "quarantined file").c_str());
  if (!report.problem.empty()) std::fprintf(out, "%s\n", report.problem.c_str());
}

bool is_buffer(Directory& directory) {
  std::vector<std::string> names;
  if (directory.list(names) < 0) return true;  // the action says what is wrong
  std::uint64_t base = 0;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == weir::buffer::kLockName || name == weir::buffer::AckFile::kName ||
           weir::buffer::parse_segment_name(name, base);
  });
}

int check(Directory& directory, std::FILE* out) {
  std::string holder = "another process";
  const bool in_use = directory.locked(holder);
  const BufferReport report = inspect(directory, in_use);
  print(report, out);
  if (in_use) std::fprintf(out, "in use by %s: a picture of a moment\n", holder.c_str());
  return report.good() ? 0 : 1;
}

int repair(Directory& directory, std::FILE* out, std::FILE* err) {
  std::string holder = "another process";
  if (const int error = directory.lock(holder); error < 0) {
    const std::string why =
        error == -EWOULDBLOCK ? "in use by " + holder + "; stop it first" : errno_text(-error);
    std::fprintf(err, "weir buffer repair: %s: %s\n", directory.path().c_str(), why.c_str());
    return 1;
  }
  const BufferReport before = inspect(directory, false);
  const std::string why = weir::buffer::repair(directory, before);
  const BufferReport after = inspect(directory, false);
  print(after, out);
  if (!why.empty()) std::fprintf(err, "weir buffer repair: %s\n", why.c_str());
  return why.empty() && after.good() ? 0 : 1;
}

// Prints the rows of one segment that are not acknowledged. False when `out` is at its end.
class Dump {
 public:
  Dump(Directory& directory, std::uint64_t first_needed, std::FILE* out)
      : directory_(directory), first_needed_(first_needed), out_(out) {}
  ~Dump() { pool_->close(); }
  Dump(const Dump&) = delete;
  Dump& operator=(const Dump&) = delete;

  std::string segment(const SegmentReport& report) {
    int error = 0;
    const std::string name = weir::buffer::segment_name(report.base);
    auto file = directory_.open(name, Directory::Mode::kRead, error);
    if (file == nullptr) return name + ": " + errno_text(-error);
    weir::buffer::SegmentReader reader(std::move(file), report.base);
    weir::buffer::Definitions definitions;
    weir::buffer::Frame frame;
    frame.segment = report.base;
    frame.definitions = &definitions;
    for (;;) {
      using Found = weir::buffer::SegmentReader::Found;
      const Found what = reader.next(report.bytes, weir::buffer::SegmentReader::Depth::kPayloads);
      if (what == Found::kEnd || what == Found::kTorn) return {};
      if (what == Found::kFailed) return name + ": " + errno_text(-reader.error());
      if (what == Found::kDamage) continue;
      const auto& header = reader.header();
      const std::string why = weir::buffer::decode(reader.payload(), reader.end(), header.rows,
                                                   definitions, frame.batches);
      if (!why.empty() || header.number < first_needed_) continue;
      if (std::string failed = print(frame); !failed.empty()) return failed;
    }
  }

 private:
  std::string print(const weir::buffer::Frame& frame) {
    std::string error;
    core::Batch* chain = replay_.chain(frame, error);
    if (chain == nullptr) return error;
    text_.clear();
    for (core::Batch* b = chain; b != nullptr; b = b->next) encoder_.append(b->abi, text_);
    core::release(chain);
    const std::string_view text = text_.view();
    if (std::fwrite(text.data(), 1, text.size(), out_) == text.size()) return {};
    return "cannot write: " + errno_text(errno);
  }

  Directory& directory_;
  const std::uint64_t first_needed_;
  std::FILE* const out_;
  core::Epochs epochs_;
  core::Registry registry_{epochs_, kSeriesMax};
  core::BatchPool* const pool_ = core::BatchPool::make(epochs_);
  core::Replay replay_{registry_, *pool_};
  format::Encoder encoder_{format::Format::jsonl};
  format::Buffer text_;
};

int dump(Directory& directory, std::FILE* out, std::FILE* err) {
  const BufferReport report = inspect(directory, true);
  Dump rows(directory, report.first_needed, out);
  int code = report.problem.empty() ? 0 : 1;
  for (const SegmentReport& segment : report.segments) {
    const std::string why = rows.segment(segment);
    if (std::ferror(out) != 0 && errno == EPIPE) return 0;  // who reads has seen enough
    if (!why.empty()) std::fprintf(err, "weir buffer dump: %s\n", why.c_str());
    if (!why.empty() || segment.ranges_damaged != 0) code = 1;
  }
  if (code != 0) {
    std::fprintf(err,
                 "weir buffer dump: not all rows could be told; `weir buffer check` says "
                 "where they are damaged\n");
  }
  return code;
}

}  // namespace

int buffer(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  const std::string action = words.empty() ? "" : words[0];
  if (words.size() != 2 || (action != "check" && action != "repair" && action != "dump")) {
    std::fputs("weir buffer: expected check, repair or dump, and the directory of one buffer\n",
               err);
    return 1;
  }
  std::string error;
  const std::unique_ptr<Directory> directory = weir::buffer::open_directory(words[1], false, error);
  if (directory == nullptr) {
    std::fprintf(err, "weir buffer %s: %s\n", action.c_str(), error.c_str());
    return 1;
  }
  if (!is_buffer(*directory)) {
    std::fprintf(err,
                 "weir buffer %s: %s is no disk buffer; they are in buffers/<id of the sink> below "
                 "agent.data_dir\n",
                 action.c_str(), words[1].c_str());
    return 1;
  }
  if (action == "check") return check(*directory, out);
  return action == "repair" ? repair(*directory, out, err) : dump(*directory, out, err);
}

}  // namespace weir::cli
