// The disk buffer of a consumer: an append-only log of chains that survives the process.
//
// One producer appends frames to the newest of a row of segment files; one consumer reads them in
// order and acknowledges them; a segment is deleted when all of it is acknowledged. The library
// has no threads: its owner calls `append` and `sync` from the producer's thread, `next` and
// `acknowledge` from the consumer's, which may be the same one or two at a time. They share a
// mutex for the list of segments, which is never held during input or output.
//
// Rows in = rows acknowledged + dropped + damaged + held, by origin, also from one process to the
// next: what `open` reports as held is what was accepted before and not acknowledged.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/buffer/ack_file.hpp"
#include "core/buffer/directory.hpp"
#include "core/buffer/encoder.hpp"
#include "core/buffer/format.hpp"
#include "core/buffer/payload.hpp"
#include "core/buffer/quarantine.hpp"
#include "core/buffer/recover.hpp"
#include "core/buffer/segment_reader.hpp"

namespace weir::buffer {

using Clock = std::chrono::steady_clock;

// When appended frames are made to survive a loss of power. They survive the process in any case.
enum class SyncPolicy : std::uint8_t {
  kAlways,    // before `append` returns
  kInterval,  // by the time that `sync_deadline` tells, if the owner calls `sync` then
  kNever,     // when the kernel likes
};

struct Options {
  static constexpr std::uint64_t kBytesMin = 64u << 10;

  std::uint64_t bytes_max = 512u << 20;  // of segment files on the disk, at least kBytesMin
  std::uint64_t segment_bytes = 0;       // a new one begins then; 0: a 16th of it, at most 16 MiB
  std::uint64_t quarantine_bytes_max = 64u << 20;
  SyncPolicy sync = SyncPolicy::kInterval;
  std::chrono::nanoseconds sync_interval = std::chrono::milliseconds(500);
};

// What the consumer gets: a chain as it was accepted. Valid until the next call of `next`.
struct Frame {
  std::uint64_t number = 0;   // ascends, from one process to the next too
  std::uint64_t origin = 0;   // as it was given to `append`
  std::uint64_t rows = 0;     // of all batches
  std::uint64_t segment = 0;  // in which its definitions' numbers hold
  const Definitions* definitions = nullptr;
  std::vector<BatchView> batches;
};

class DiskBuffer {
 public:
  // Takes the directory's lock and recovers what is there. nullptr and `error` when another
  // process has the lock or the directory cannot be used; never because of what files contain.
  static std::unique_ptr<DiskBuffer> open(std::unique_ptr<Directory> directory, Options options,
                                          OpenReport& report, std::string& error);

  // ---- the producer's thread

  enum class Appended {
    kOk,
    kFull,      // there is no room for it under bytes_max now
    kTooLarge,  // there never will be: larger than bytes_max, or than 1 GiB
    kFailed,    // the disk refused it, `error` says why. Try again
  };
  // All chains or none, each as one frame, with one write and one sync. A chain without rows is
  // nothing. After anything but kOk the buffer is as it was before.
  Appended append(std::span<const Chain> chains, Clock::time_point now, std::string& error);
  // The number of the frame that the next chain becomes.
  std::uint64_t number_next() const { return number_next_; }

  // By when `sync` is to be called; nothing when everything is durable, and under kNever.
  std::optional<Clock::time_point> sync_deadline() const;
  // Makes everything appended and acknowledged so far durable. false and `error`: the kernel may
  // have thrown away what it could not write; counted as rows_at_risk.
  bool sync(Clock::time_point now, std::string& error);

  // Gives up the oldest segment that begins with frame `first` or a later one, and of which the
  // consumer has no frame in its hands, and says which rows those were. Empty: there is none, and
  // no room will come of it.
  RowsByOrigin drop_oldest(std::uint64_t first = 0);

  // ---- the consumer's thread

  enum class Next {
    kFrame,
    kEmpty,   // all that was appended was read
    kFailed,  // the disk could not be read, `error` says why. Try again later
  };
  Next next(Frame& frame, std::string& error);
  // The oldest `frames` of those that `next` gave out and that are not acknowledged are done
  // with: they will not be given out again. False when the position could not be written: a new
  // process may then see them once more.
  bool acknowledge(std::size_t frames, Clock::time_point now);

  // Another one may open the directory from here on; of this one, only counts may be asked for.
  void close() { directory_->unlock(); }
  // Rows that were held and turned out to be damaged since the last call.
  RowsByOrigin take_damaged();

  // ---- any thread

  struct Counts {
    std::uint64_t rows_held = 0;      // appended or found, not acknowledged, dropped or damaged
    std::uint64_t bytes_on_disk = 0;  // of segments
    std::uint64_t segments = 0;
    std::uint64_t frames_in_flight = 0;  // with the consumer
    std::uint64_t ranges_damaged = 0;    // found by `next`
    std::uint64_t bytes_damaged = 0;
    std::uint64_t sync_failures = 0;
    std::uint64_t rows_at_risk = 0;  // appended, and perhaps not durable because sync failed
    std::uint64_t ack_failures = 0;
  };
  Counts counts() const;
  RowsByOrigin rows_held() const;

 private:
  struct InFlight {
    std::uint64_t number, segment, origin, rows;
  };
  struct Doomed {
    std::uint64_t base, bytes;
  };

  DiskBuffer(std::unique_ptr<Directory> directory, const Options& options);

  // The producer's, in append.cpp.
  void encode(std::span<const Chain> chains);
  bool has_room() const;
  bool active_is_done() const;
  void seal_active();
  void cut_back();
  bool write_group(std::string& error);
  bool write_all(std::span<const iovec> pieces, std::string& error);
  bool sync_file(std::string& error);
  bool sync_names(std::string& error);
  void publish(std::span<const Chain> chains, Clock::time_point now);
  std::string failure(const char* what, const std::string& name, int error) const;

  // The consumer's, in consume.cpp.
  enum class Step { kFrame, kAgain, kFailed };
  bool find_segment(std::uint64_t& end);            // under mutex_
  void finish_segment(Segments::iterator segment);  // under mutex_
  Step step(std::uint64_t end, Frame& frame, std::string& error);
  Step fail(int code, std::string& error);
  void lose();

  // Both's.
  void doom(Segments::iterator segment);  // under mutex_
  void delete_doomed();
  void mark_dirty(Clock::time_point now);  // under mutex_

  const std::unique_ptr<Directory> directory_;
  const Options options_;

  // The producer's.
  Encoder encoder_;
  std::unique_ptr<File> active_;  // nullptr: the next append begins a segment
  std::uint64_t active_base_ = 0;
  std::uint64_t active_end_ = 0;  // of whole frames
  std::uint64_t number_next_ = 1;
  std::uint64_t rows_next_ = 0;
  std::uint64_t rows_unsynced_ = 0;
  bool names_unsynced_ = false;  // a segment was created or deleted

  // The consumer's.
  std::unique_ptr<SegmentReader> reader_;
  std::uint64_t read_base_ = 0;
  Definitions definitions_;
  unsigned failures_ = 0;  // of reads in a row that will hardly succeed another time
  std::uint64_t first_needed_ = 0;
  Quarantine quarantine_;
  AckFile ack_file_;

  mutable std::mutex mutex_;
  Segments segments_;
  std::uint64_t bytes_ = 0;  // of segments_ and doomed_
  std::deque<InFlight> in_flight_;
  std::vector<Doomed> doomed_;  // to be deleted, perhaps again
  std::optional<Clock::time_point> dirty_since_;
  RowsByOrigin damaged_;
  Counts counts_;
};

}  // namespace weir::buffer
