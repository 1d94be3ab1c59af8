// Writes a snapshot as text, a piece at a time: the caller sends a piece, comes back for the next,
// and never holds more than one. The same snapshot gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "output.hpp"
#include "snapshot.hpp"
#include "text.hpp"

namespace weir::prometheus_sink {

// # HELP, # TYPE and, in OpenMetrics, # UNIT of a family.
void write_family_head(Output& out, std::string_view name, Type type, std::string_view help,
                       std::string_view unit, bool short_name_taken, Format format);

class Exposition {
 public:
  // `snapshot` outlives this.
  Exposition(const Snapshot& snapshot, Format format) : snapshot_(snapshot), format_(format) {}

  // Appends samples until `out` holds `target` bytes (and may pass it by one row) or all is
  // written. True while there is more to come.
  bool write(Output& out, std::size_t target);

 private:
  bool write_chunk(Output& out, std::size_t target, const Family& family, const Column& column,
                   const Chunk& chunk);
  template <class WriteRow>
  bool write_rows(Output& out, std::size_t target, const Column& column, const Chunk& chunk,
                  WriteRow write_row);
  void write_histogram(Output& out, const Family& family, const Column& column, const Chunk& chunk,
                       std::uint32_t row) const;
  char* end_sample(char* at, const Chunk& chunk, std::uint32_t row) const;

  const Snapshot& snapshot_;
  Format format_;
  // Where it goes on.
  std::size_t family_ = 0;
  std::uint32_t member_ = 0;
  std::uint32_t chunk_ = 0;
  std::uint32_t row_ = 0;
  bool head_written_ = false;
};

}  // namespace weir::prometheus_sink
