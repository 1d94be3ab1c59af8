// One segment after the other.
#include "core/buffer/recover.hpp"

#include <algorithm>
#include <utility>

#include "core/buffer/segment_reader.hpp"
#include "weir/posix.hpp"

namespace weir::buffer {

void OpenReport::note(std::string text) {
  if (notes.size() < kNotesMax) notes.push_back(std::move(text));
}

namespace {

using Found = SegmentReader::Found;
using Range = std::pair<std::uint64_t, std::uint64_t>;

class Recovery {
 public:
  Recovery(Directory& directory, std::uint64_t first_needed, bool sync, Quarantine& quarantine,
           Recovered& to, OpenReport& report)
      : directory_(directory),
        first_needed_(first_needed),
        sync_(sync),
        quarantine_(quarantine),
        to_(to),
        report_(report) {}

  // Frames from `number_end` on are in the next segment: what bears such a number here is the rest
  // of an append that failed.
  // 0, or an error that says nothing about the file.
  int segment(std::uint64_t base, std::uint64_t number_end, SegmentReader::Depth depth) {
    const std::string name = segment_name(base);
    to_.number_next = std::max(to_.number_next, base + 1);
    int error = 0;
    std::unique_ptr<File> file = directory_.open(name, Directory::Mode::kWrite, error);
    const std::int64_t size = file == nullptr ? error : file->size();
    if (size < 0) return unreadable(base, static_cast<int>(size));

    SegmentReader reader(std::move(file), base);
    Segment found;
    found.bytes = static_cast<std::uint64_t>(size);
    std::vector<Range> damaged;
    std::uint64_t rows_damaged = 0, rows_missed = 0, frames = 0;
    bool begins_known = false, ends_known = true;
    for (;;) {
      const Found what = reader.next(found.bytes, depth);
      if (what == Found::kEnd) break;
      if (rows_missed != 0) {
        // Here stands a header that is good, be its frame whole or not. Whose the rows before it
        // were nobody knows; acknowledged they were if it is.
        if (reader.header().number > first_needed_) rows_damaged += rows_missed;
        rows_missed = 0;
      }
      if (reader.header_known() && reader.header().number >= number_end) {
        report_.bytes_torn += found.bytes - reader.begin();
        break;
      }
      if (what == Found::kFailed) return unreadable(base, reader.error());
      if (reader.header_known()) {
        const FrameHeader& header = reader.header();
        if (!begins_known) missed_before(base, header, !ends_known);
        begins_known = true;
        chain_ = {true, header.number + 1, header.rows_before + header.rows};
      }
      if (what == Found::kFrame || what == Found::kDamage) ends_known = reader.header_known();
      if (what == Found::kTorn) report_.bytes_torn += reader.end() - reader.begin();
      if (what == Found::kDamage) {
        if (reader.header_state() == HeaderState::kOtherVersion) {
          move_away(base, "it is of another version of the format");
          return 0;
        }
        damaged.emplace_back(reader.begin(), reader.end());
        if (reader.header_known()) {
          const FrameHeader& header = reader.header();
          found.uncounted.push_back(header.number);
          if (header.number >= first_needed_ && header.rows != 0) {
            rows_damaged += header.rows;
            report_.rows_damaged_of[header.origin] += header.rows;
          }
        } else {
          rows_missed = reader.rows_lost();
        }
      }
      if (what == Found::kFrame) {
        ++frames;
        found.end = reader.end();
        to_.number_next = std::max(to_.number_next, reader.header().number + 1);
        to_.rows_next = reader.header().rows_before + reader.header().rows;
        if (reader.header().number >= first_needed_) {
          found.held[reader.header().origin] += reader.header().rows;
        }
      }
    }
    chain_.broken = !ends_known || (chain_.broken && !begins_known);
    const bool copied = keep(base, reader.file(), damaged, rows_damaged, frames == 0);
    if (found.held.empty()) {
      // Acknowledged, empty, or moved away. What could not be kept elsewhere stays.
      if (copied) directory_.unlink(name);
      return 0;
    }
    if (found.end < found.bytes && copied && reader.file().truncate(found.end) == 0) {
      found.bytes = found.end;
    }
    // What an earlier process promised for a moment that it did not live to see.
    if (sync_ && reader.file().sync() < 0) {
      report_.note(name + ": cannot be synced; it may not survive a loss of power");
    }
    add(report_.rows_held, found.held);
    ++report_.segments;
    to_.segments.emplace(base, std::move(found));
    return 0;
  }

 private:
  // What headers before the next segment tell about its first frame.
  struct Chain {
    bool known = false;
    std::uint64_t number_next = 0, rows_next = 0;
    bool broken = false;  // behind the last good header something was damaged
  };

  // Frames whose headers are damaged at the end of the last segment, or at the begin of this one,
  // whose first good header tells how many rows there are before it. A gap without damage is no
  // loss: those segments were delivered, or given up.
  void missed_before(std::uint64_t base, const FrameHeader& header, bool begin_damaged) {
    if (!chain_.known || header.rows_before <= chain_.rows_next) return;
    if (!chain_.broken && !(begin_damaged && chain_.number_next == base)) return;
    if (header.number <= first_needed_) return;
    const std::uint64_t rows = header.rows_before - chain_.rows_next;
    report_.rows_damaged += rows;
    report_.note(segment_name(base) + ": " + std::to_string(rows) +
                 " rows before its first good frame are damaged");
  }

  int unreadable(std::uint64_t base, int error) {
    if (may_pass(error)) return error;
    move_away(base, errno_text(-error));
    return 0;
  }

  void move_away(std::uint64_t base, const std::string& why) {
    chain_ = {};
    ++report_.segments_unreadable;
    const bool moved = quarantine_.take(base);
    report_.note(segment_name(base) + ": " + why + (moved ? "; moved to quarantine" : ""));
  }

  // Into quarantine; false when something could not be kept.
  bool keep(std::uint64_t base, File& file, const std::vector<Range>& damaged,
            std::uint64_t rows_damaged, bool whole) {
    if (damaged.empty()) return true;
    bool kept = true;
    std::uint64_t bytes = 0;
    for (const auto& [begin, end] : damaged) bytes += end - begin;
    if (whole) {
      kept = quarantine_.take(base);
    } else {
      for (const auto& [begin, end] : damaged) {
        kept = quarantine_.copy(file, base, begin, end) && kept;
      }
    }
    report_.ranges_damaged += damaged.size();
    report_.bytes_damaged += bytes;
    report_.rows_damaged += rows_damaged;
    report_.note(segment_name(base) + ": " + std::to_string(bytes) + " bytes are damaged, with " +
                 std::to_string(rows_damaged) + " rows or more; " +
                 (kept ? "kept in quarantine" : "not all of it could be kept in quarantine"));
    return kept;
  }

  Directory& directory_;
  const std::uint64_t first_needed_;
  const bool sync_;
  Quarantine& quarantine_;
  Recovered& to_;
  OpenReport& report_;
  Chain chain_;
};

}  // namespace

int recover(Directory& directory, std::uint64_t first_needed, bool sync, Quarantine& quarantine,
            Recovered& recovered, OpenReport& report) {
  std::vector<std::string> names;
  if (const int error = directory.list(names); error < 0) return error;
  std::vector<std::uint64_t> bases;
  for (const std::string& name : names) {
    std::uint64_t base = 0;
    if (parse_segment_name(name, base)) bases.push_back(base);
  }
  std::sort(bases.begin(), bases.end());
  recovered.number_next = std::max(recovered.number_next, first_needed);
  Recovery recovery(directory, first_needed, sync, quarantine, recovered, report);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    // A write can have been cut off in the newest only. Payloads of older ones are looked at when
    // they are replayed, so that a large buffer opens fast.
    const bool newest = i + 1 == bases.size();
    const int error =
        recovery.segment(bases[i], newest ? kNumberMax : bases[i + 1],
                         newest ? SegmentReader::Depth::kPayloads : SegmentReader::Depth::kHeaders);
    if (error < 0) return error;
  }
  // Under every policy: numbers are given again where nothing tells that they were given, and a
  // segment that an earlier process deleted must not come back with the power behind newer ones.
  recovered.names_synced = directory.sync() == 0;
  if (!recovered.names_synced) report.note("the directory cannot be synced");
  return 0;
}

}  // namespace weir::buffer
