// Pieces of a response; see body.hpp.
#include "body.hpp"

#include <array>
#include <new>

namespace weir::prometheus_sink {

namespace {

// Large enough that the cost of a system call vanishes, small enough for a processor's cache.
constexpr std::size_t kPieceBytes = 32 * 1024;
// What is rendered and compressed in one turn before other clients get theirs: about 1 ms.
constexpr int kPiecesPerTurn = 6;

// Measured on a host's exposition: level 1 takes half of level 6's time for 1.15 x its size. A
// window of 8 KiB finds as much as one of 32, since likeness is in the lines just before, and the
// state takes 70 KiB instead of 260.
constexpr int kGzipLevel = 1;
constexpr int kGzipWindowBits = 13 + 16;  // + 16: a gzip header instead of zlib's
constexpr int kGzipMemoryLevel = 6;

constexpr std::string_view kChunkHead = "00000000\r\n";

}  // namespace

Gzip::Gzip() {
  if (deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Gzip::~Gzip() { deflateEnd(&stream_); }

void Gzip::write(std::string_view plain, bool last, Output& out) {
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream_.avail_in = static_cast<uInt>(plain.size());
  int result = Z_OK;
  do {
    char* at = out.room(kPieceBytes / 4);
    stream_.next_out = reinterpret_cast<Bytef*>(at);
    stream_.avail_out = static_cast<uInt>(out.free());
    result = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
    out.advance(reinterpret_cast<char*>(stream_.next_out));
  } while (last ? result == Z_OK : stream_.avail_out == 0);
}

Body::Body(Snapshot snapshot, Format format, std::string tail, bool gzip, bool chunked)
    : snapshot_(std::move(snapshot)),
      exposition_(snapshot_, format),
      tail_(std::move(tail)),
      gzip_(gzip ? std::make_unique<Gzip>() : nullptr),
      plain_(gzip ? kPieceBytes + 4096 : 0),
      chunked_(chunked) {}

bool Body::fill(Output& out) {
  const std::size_t start = out.size();
  if (!gzip_) {
    const bool more = exposition_.write(out, start + kPieceBytes);
    if (!more) out.append(tail_);
    return more;
  }
  bool more = true;
  // Not without a byte: an empty chunk would end the response.
  for (int i = 0; more && (i < kPiecesPerTurn || out.size() == start); ++i) {
    plain_.clear();
    more = exposition_.write(plain_, kPieceBytes);
    if (!more) plain_.append(tail_);
    gzip_->write(plain_.view(), !more, out);
    if (out.size() - start >= kPieceBytes) break;
  }
  return more;
}

bool Body::next(Output& out) {
  if (!chunked_) return fill(out);
  const std::size_t head = out.size();
  out.append(kChunkHead);
  const std::size_t start = out.size();
  const bool more = fill(out);
  // The size, in hexadecimal with leading zeros, goes where room was left for it.
  std::size_t size = out.size() - start;
  for (std::size_t i = 8; i-- > 0; size >>= 4) out.data()[head + i] = "0123456789abcdef"[size & 15];
  out.append(more ? "\r\n" : "\r\n0\r\n\r\n");
  return more;
}

}  // namespace weir::prometheus_sink
