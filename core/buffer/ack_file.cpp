// Reading, writing and turning.
#include "core/buffer/ack_file.hpp"

#include <cerrno>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/format.hpp"

namespace weir::buffer {

namespace {
constexpr std::uint64_t kMagic = 0x314B434152494557;  // "WEIRACK1"
constexpr std::uint64_t kSlotDistance = 4096;         // never in one sector, nor in one page
}  // namespace

struct AckFile::Slot {
  std::uint64_t magic;
  std::uint64_t turn;
  std::uint64_t first_needed;
  std::uint32_t reserved;
  std::uint32_t crc;

  std::uint32_t sum() const { return crc32c(0, this, offsetof(Slot, crc)); }
  bool valid() const { return magic == kMagic && crc == sum() && first_needed < kNumberMax; }
};

// The file, made if it is not there.
int AckFile::open() {
  if (file_ != nullptr) return 0;
  int error = 0;
  file_ = directory_.open(kName, Directory::Mode::kWrite, error);
  if (error == -ENOENT) {
    file_ = directory_.open(kName, Directory::Mode::kCreate, error);
    name_unsynced_ = file_ != nullptr;
  }
  return error;
}

std::uint64_t AckFile::load(int& error) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<File> file = directory_.open(kName, Directory::Mode::kRead, error);
  if (file == nullptr) {
    if (error == -ENOENT) error = 0;
    return 0;
  }
  for (unsigned i = 0; i < kSlots; ++i) {
    Slot slot{};
    const ssize_t n = file->read_at(i * kSlotDistance, &slot, sizeof slot);
    if (n < 0) error = static_cast<int>(n);
    if (n != sizeof slot || !slot.valid() || slot.turn < turn_) continue;
    first_needed_ = slot.first_needed;
    turn_ = slot.turn;
    latest_ = i;
  }
  // An earlier process may have made it, or written it, and not synced, or have failed to.
  name_unsynced_ = true;
  if (turn_ != 0) {
    dirty_ = write_again_ = true;
    durable_ = kSlots;
  }
  return first_needed_;
}

void AckFile::reserve() {
  const std::lock_guard lock(mutex_);
  if (open() < 0) return;
  const std::int64_t size = file_->size();
  const Slot none{};
  const iovec piece{const_cast<Slot*>(&none), sizeof none};
  for (unsigned i = 0; i < kSlots && size >= 0; ++i) {
    if (i * kSlotDistance < static_cast<std::uint64_t>(size)) continue;
    if (file_->write_at(i * kSlotDistance, {&piece, 1}) != sizeof none) return;
  }
}

int AckFile::write(std::uint64_t first_needed) {
  const std::lock_guard lock(mutex_);
  if (const int error = open(); error < 0) return error;
  if (durable_ == kSlots) {
    if (const int error = sync_locked(); error < 0) return error;
  }
  unsigned target = 0;
  while (target == latest_ || target == durable_) ++target;
  return write_slot(target, turn_ + 1, first_needed);
}

int AckFile::write_slot(unsigned target, std::uint64_t turn, std::uint64_t first_needed) {
  Slot slot{kMagic, turn, first_needed, 0, 0};
  slot.crc = slot.sum();
  const iovec piece{&slot, sizeof slot};
  const ssize_t n = file_->write_at(target * kSlotDistance, {&piece, 1});
  if (n != sizeof slot) return n < 0 ? static_cast<int>(n) : -ENOSPC;
  latest_ = target;
  turn_ = turn;
  first_needed_ = first_needed;
  dirty_ = true;
  write_again_ = false;
  return 0;
}

int AckFile::sync() {
  const std::lock_guard lock(mutex_);
  return sync_locked();
}

int AckFile::sync_locked() {
  if (!dirty_) return 0;
  if (const int error = open(); error < 0) return error;
  if (write_again_) {
    if (const int error = write_slot(latest_, turn_, first_needed_); error < 0) return error;
  }
  if (const int error = file_->sync(); error < 0) {
    // The kernel reports once what it could not write, and then takes it for written: the same
    // bytes are put in the same place again, which nothing can tear.
    write_again_ = true;
    return error;
  }
  if (name_unsynced_) {
    if (const int error = directory_.sync(); error < 0) return error;
    name_unsynced_ = false;
  }
  dirty_ = false;
  durable_ = latest_;
  return 0;
}

bool AckFile::dirty() const {
  const std::lock_guard lock(mutex_);
  return dirty_;
}

}  // namespace weir::buffer
