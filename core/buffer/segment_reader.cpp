// Finding frames.
#include "core/buffer/segment_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/buffer/crc32c.hpp"

namespace weir::buffer {

namespace {
constexpr std::uint64_t kChunkBytes = 256u << 10;
constexpr std::uint64_t kHeaderChunkBytes = 4u << 10;  // where payloads are leapt over
}  // namespace

// Bytes [offset, offset + size), which end before `limit`; nullptr when they cannot be read.
const char* SegmentReader::load(std::uint64_t offset, std::uint64_t size, std::uint64_t limit,
                                Depth depth) {
  if (offset < chunk_begin_ || offset + size > chunk_end_) {
    const std::uint64_t chunk = depth == Depth::kPayloads ? kChunkBytes : kHeaderChunkBytes;
    const std::uint64_t wanted = std::max(size, std::min(chunk, limit - offset));
    chunk_begin_ = chunk_end_ = 0;
    chunk_.resize(std::max<std::size_t>(chunk_.size(), (wanted + 7) / 8));
    const ssize_t n = file_->read_at(offset, chunk_.data(), wanted);
    if (n < 0 || static_cast<std::uint64_t>(n) < size) {
      error_ = n < 0 ? static_cast<int>(n) : -ENODATA;  // somebody cut the file
      return nullptr;
    }
    chunk_begin_ = offset;
    chunk_end_ = offset + static_cast<std::uint64_t>(n);
  }
  return reinterpret_cast<const char*>(chunk_.data()) + (offset - chunk_begin_);
}

SegmentReader::Found SegmentReader::next(std::uint64_t limit, Depth depth) {
  begin_ = at_;
  rows_lost_ = 0;
  payload_ = nullptr;
  header_known_ = false;
  if (at_ >= limit) return Found::kEnd;
  if (at_ == 0) {
    if (limit < sizeof(SegmentHeader)) {
      at_ = limit;
      return Found::kTorn;
    }
    const char* p = load(0, sizeof(SegmentHeader), limit, depth);
    if (p == nullptr) return Found::kFailed;
    SegmentHeader header;
    std::memcpy(&header, p, sizeof header);
    header_state_ = check(header, base_);
    if (header_state_ == HeaderState::kOtherVersion) {
      at_ = limit;
      return Found::kDamage;
    }
    begin_ = at_ = sizeof(SegmentHeader);
    if (at_ == limit) return Found::kEnd;
  }
  return frame(limit, depth);
}

SegmentReader::Found SegmentReader::frame(std::uint64_t limit, Depth depth) {
  if (limit - at_ < sizeof header_) {
    at_ = limit;
    return Found::kTorn;
  }
  const char* p = load(at_, sizeof header_, limit, depth);
  if (p == nullptr) return Found::kFailed;
  std::memcpy(&header_, p, sizeof header_);
  if (!valid(header_, base_, at_) || header_.number < number_next_) return damage(limit);
  if (header_.bytes() > limit - at_) {
    at_ = limit;
    return Found::kTorn;
  }
  if (depth == Depth::kPayloads) {
    p = load(at_, header_.bytes(), limit, depth);
    if (p == nullptr) return Found::kFailed;
    payload_ = p + sizeof header_;
  }
  at_ += header_.bytes();
  any_ = header_known_ = true;
  number_next_ = header_.number + 1;
  rows_next_ = header_.rows_before + header_.rows;
  if (payload_ != nullptr && crc32c(0, payload_, header_.payload_bytes) != header_.payload_crc) {
    rows_lost_ = header_.rows;
    return Found::kDamage;
  }
  return Found::kFrame;
}

// There is no frame at at_. Goes to the next header that is one, wherever it stands; its payload
// is looked at when it is its turn.
SegmentReader::Found SegmentReader::damage(std::uint64_t limit) {
  bool zeros = true;
  for (std::uint64_t at = at_; at < limit; at += 8) {
    const std::uint64_t word_bytes = std::min<std::uint64_t>(8, limit - at);
    const char* p = load(at, word_bytes, limit, Depth::kPayloads);
    if (p == nullptr) return Found::kFailed;
    std::uint64_t word = 0;
    std::memcpy(&word, p, word_bytes);
    zeros = zeros && word == 0;
    if (at == at_ || limit - at < sizeof(FrameHeader) || !may_be_frame(word)) continue;
    p = load(at, sizeof(FrameHeader), limit, Depth::kPayloads);
    if (p == nullptr) return Found::kFailed;
    FrameHeader candidate;
    std::memcpy(&candidate, p, sizeof candidate);
    if (!valid(candidate, base_, at) || candidate.number < number_next_) continue;
    if (any_ && candidate.rows_before >= rows_next_) {
      rows_lost_ = candidate.rows_before - rows_next_;
    }
    at_ = at;
    return Found::kDamage;
  }
  at_ = limit;
  return zeros ? Found::kTorn : Found::kDamage;
}

}  // namespace weir::buffer
