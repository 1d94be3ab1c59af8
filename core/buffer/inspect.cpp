// Check and repair.
#include "core/buffer/inspect.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "core/buffer/ack_file.hpp"
#include "core/buffer/payload.hpp"
#include "core/buffer/quarantine.hpp"
#include "core/buffer/segment_reader.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {

namespace {

using Found = SegmentReader::Found;

constexpr const char* kRepairName = "repair";  // a segment that is being written anew

std::unique_ptr<SegmentReader> reader_of(Directory& directory, std::uint64_t base,
                                         std::uint64_t& bytes, std::string& problem) {
  int error = 0;
  std::unique_ptr<File> file = directory.open(segment_name(base), Directory::Mode::kRead, error);
  const std::int64_t size = file == nullptr ? error : file->size();
  if (size < 0) {
    problem = "cannot be read: " + errno_text(static_cast<int>(-size));
    return nullptr;
  }
  bytes = static_cast<std::uint64_t>(size);
  return std::make_unique<SegmentReader>(std::move(file), base);
}

void note(SegmentReport& report, std::uint64_t offset, const std::string& what) {
  if (report.problem.empty()) report.problem = "byte " + std::to_string(offset) + ": " + what;
}

// Goes over a segment; `use` is called with every frame that can be read and decoded.
SegmentReport go_over(Directory& directory, std::uint64_t base, std::uint64_t first_needed,
                      bool growing, const std::function<void(const SegmentReader&)>& use) {
  SegmentReport report;
  report.base = base;
  const auto reader = reader_of(directory, base, report.bytes, report.problem);
  if (reader == nullptr) return report;
  Definitions definitions;
  std::vector<BatchView> batches;
  for (;;) {
    const Found what = reader->next(report.bytes, SegmentReader::Depth::kPayloads);
    if (report.frames == 0 && reader->header_state() == HeaderState::kDamaged) {
      note(report, 0, "the segment's header is damaged");
    }
    if (what == Found::kEnd) return report;
    if (what == Found::kFailed) {
      note(report, reader->begin(), errno_text(-reader->error()));
      return report;
    }
    if (what == Found::kTorn) {
      report.bytes_torn = reader->end() - reader->begin();
      if (!growing) note(report, reader->begin(), "a write was cut off");
      return report;
    }
    std::string why = reader->header_state() == HeaderState::kOtherVersion
                          ? "another version of the format"
                          : "there is no frame";
    std::uint64_t rows = reader->rows_lost();
    if (what == Found::kFrame) {
      rows = reader->header().rows;
      why = decode(reader->payload(), reader->end(), rows, definitions, batches);
    } else if (reader->header_known()) {
      why = "the frame's checksum is wrong";
    }
    if (!why.empty()) {
      ++report.ranges_damaged;
      report.bytes_damaged += reader->end() - reader->begin();
      report.rows_damaged += rows;
      note(report, reader->begin(), why);
      continue;
    }
    ++report.frames;
    report.rows += rows;
    if (reader->header().number < first_needed) {
      ++report.frames_acknowledged;
      report.rows_acknowledged += rows;
    }
    use(*reader);
  }
}

// What go_over called good, again in a file of its own. Payloads do not depend on their place.
class Rewriter {
 public:
  Rewriter(std::unique_ptr<File> file, std::uint64_t base) : file_(std::move(file)), base_(base) {
    const SegmentHeader header = make_segment_header(base);
    put(&header, sizeof header, nullptr, 0);
  }
  void add(const SegmentReader& reader) {
    FrameHeader header = reader.header();
    seal(header, base_, at_);
    put(&header, sizeof header, reader.payload().data(), reader.payload().size());
  }
  int finish() { return error_ != 0 ? error_ : file_->sync(); }

 private:
  void put(const void* head, std::size_t head_size, const void* body, std::size_t body_size) {
    const iovec pieces[2] = {{const_cast<void*>(head), head_size},
                             {const_cast<void*>(body), body_size}};
    if (error_ != 0) return;
    const ssize_t n = file_->write_at(at_, pieces);
    at_ += head_size + body_size;
    if (n != static_cast<ssize_t>(head_size + body_size)) {
      error_ = n < 0 ? static_cast<int>(n) : -ENOSPC;
    }
  }

  std::unique_ptr<File> file_;
  const std::uint64_t base_;
  std::uint64_t at_ = 0;
  int error_ = 0;
};

int repair_segment(Directory& directory, Quarantine& quarantine, const SegmentReport& report,
                   bool& changed) {
  if (report.frames == 0) {
    changed = quarantine.take(report.base);
    return 0;
  }
  std::uint64_t bytes = 0;
  std::string problem;
  const auto reader = reader_of(directory, report.base, bytes, problem);
  if (reader == nullptr) return -EIO;
  if (report.ranges_damaged != 0 && !quarantine.copy(reader->file(), report.base, 0, bytes)) {
    return -ENOSPC;
  }
  int error = 0;
  std::unique_ptr<File> file = directory.open(kRepairName, Directory::Mode::kCreate, error);
  if (file == nullptr) return error;
  Rewriter rewriter(std::move(file), report.base);
  go_over(directory, report.base, 0, false, [&](const SegmentReader& r) { rewriter.add(r); });
  error = rewriter.finish();
  if (error == 0) error = directory.rename(kRepairName, segment_name(report.base));
  if (error == 0) error = directory.sync();
  if (error < 0) directory.unlink(kRepairName);
  changed = error == 0;
  return error;
}

}  // namespace

bool BufferReport::good() const {
  return problem.empty() && std::all_of(segments.begin(), segments.end(),
                                        [](const SegmentReport& s) { return s.good(); });
}

BufferReport inspect(Directory& directory, bool in_use) {
  BufferReport report;
  std::vector<std::string> names;
  if (const int error = directory.list(names); error < 0) {
    report.problem = "the directory cannot be read: " + errno_text(-error);
    return report;
  }
  int error = 0;
  report.first_needed = AckFile(directory).load(error);
  if (error < 0) report.problem = "the acknowledged position cannot be read: " + errno_text(-error);
  std::vector<std::uint64_t> bases;
  for (const std::string& name : names) {
    std::uint64_t base = 0;
    if (parse_segment_name(name, base)) bases.push_back(base);
    if (name.ends_with(Quarantine::kSuffix)) ++report.files_quarantined;
  }
  std::sort(bases.begin(), bases.end());
  for (const std::uint64_t base : bases) {
    const bool growing = in_use && base == bases.back();
    report.segments.push_back(
        go_over(directory, base, report.first_needed, growing, [](const SegmentReader&) {}));
  }
  return report;
}

std::string repair(Directory& directory, const BufferReport& report) {
  // Somebody asked for it and looks on: what is kept has no other limit than the disk.
  Quarantine quarantine(directory, std::numeric_limits<std::uint64_t>::max() / 2);
  for (const SegmentReport& segment : report.segments) {
    if (segment.good()) continue;
    bool changed = false;
    const int error = repair_segment(directory, quarantine, segment, changed);
    if (error < 0) return segment_name(segment.base) + ": " + errno_text(-error);
    if (!changed) return segment_name(segment.base) + ": cannot be moved into quarantine";
  }
  return {};
}

}  // namespace weir::buffer
