// Remembers up to where the frames are acknowledged: a file of three slots, written in turns.
//
// Neither the slot that was written last nor the one that was synced last is touched: a write that
// is cut off costs nothing that was acknowledged before, and power that is lost costs what was not
// synced. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "core/buffer/directory.hpp"

namespace weir::buffer {

class AckFile {
 public:
  static constexpr const char* kName = "acknowledged";

  explicit AckFile(Directory& directory) : directory_(directory) {}

  // The number of the first frame that is not acknowledged; 0 when nothing valid is written.
  // `error`: why the file could not be read, or 0.
  std::uint64_t load(int& error);
  // Takes the room that the file needs while there is some: a full disk is what acknowledgements
  // empty, and must not be in their way.
  void reserve();
  // Survives the process when it returned 0; the power, after the next sync that does.
  int write(std::uint64_t first_needed);
  int sync();
  bool dirty() const;

 private:
  struct Slot;
  static constexpr unsigned kSlots = 3;
  int open();
  int write_slot(unsigned target, std::uint64_t turn, std::uint64_t first_needed);
  int sync_locked();

  Directory& directory_;
  mutable std::mutex mutex_;
  std::unique_ptr<File> file_;
  unsigned latest_ = 0;     // the slot that was written last
  unsigned durable_ = 0;    // the one that was synced last; kSlots: not known before a sync
  std::uint64_t turn_ = 0;  // counts writes; the slot with the highest counts
  std::uint64_t first_needed_ = 0;
  bool dirty_ = false;
  bool write_again_ = false;
  bool name_unsynced_ = false;
};

}  // namespace weir::buffer
