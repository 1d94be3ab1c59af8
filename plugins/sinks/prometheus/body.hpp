// The body of one response to a scrape: rendered, compressed and framed a piece at a time, so that
// a million series need no more memory than a thousand, and so that one thread serves many clients
// in turns.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>

#include "exposition.hpp"
#include "output.hpp"
#include "snapshot.hpp"

namespace weir::prometheus_sink {

// A gzip stream. Level and window are chosen for scrapes: see README, figures.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Compresses all of `plain`; `out` gets what is ready, and everything when `last`.
  void write(std::string_view plain, bool last, Output& out);

 private:
  z_stream stream_{};
};

class Body {
 public:
  // `tail` follows the samples. `chunked`: framed as Transfer-Encoding: chunked.
  Body(Snapshot snapshot, Format format, std::string tail, bool gzip, bool chunked);

  // Appends the next piece to `out`. True while there is more to come.
  bool next(Output& out);

 private:
  bool fill(Output& out);

  Snapshot snapshot_;
  Exposition exposition_;
  std::string tail_;
  std::unique_ptr<Gzip> gzip_;
  Output plain_;  // before compression; else unused
  bool chunked_;
};

}  // namespace weir::prometheus_sink
