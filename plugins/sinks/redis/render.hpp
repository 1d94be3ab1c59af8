// Rows as commands in the server's protocol, ready to be sent: what belongs to a series (its keys)
// is rendered once, what belongs to a measurement (names of fields) once; numbers and text go
// straight into one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "keys.hpp"
#include "options.hpp"
#include "weir/format.hpp"
#include "weir/table_value.hpp"

namespace weir::redis_sink {

enum class What : std::uint8_t { latest, history, late, expire, publish };

struct Command {
  std::size_t begin, end;  // in the text
  What what;
  std::uint16_t slot;
  const weir_batch* batch;
  std::uint32_t row, rows;  // rows that it writes; more than one: of `latest`
};

struct Rejected {
  const weir_batch* batch;
  std::uint32_t row;
  std::string reason;
};

// Commands and the text that they are in.
struct Commands {
  format::Buffer text;
  std::vector<Command> list;
  std::vector<Rejected> rejected;  // rows that cannot be said
};

// One thread.
class Renderer {
 public:
  explicit Renderer(const Options& options);

  // Appends the commands of some rows from `row` on, and returns how many rows these are, one at
  // least: those that go into one command, where they may.
  std::uint32_t append(const weir_batch& batch, std::uint32_t row, Commands& out);
  // The row again, for a stream that refused it.
  void append_late(const weir_batch& batch, std::uint32_t row, Commands& out);
  // For the stream that took the row: before, the key may be somebody else's.
  void append_expiry(const weir_batch& batch, std::uint32_t row, Commands& out);

 private:
  // A key and its slot, as a view into a cache: valid until the next look into it.
  struct Key {
    std::string_view text;  // with its length before it
    std::uint16_t slot;
  };
  static Key key_of(const Template& of, const weir_series& series, format::PrefixCache& cache);

  // A field, or a part of a histogram: its name as a word, and where its value ends in values_.
  struct Cell {
    std::string_view name;
    std::size_t end;
    bool is_there;
  };

  void render_row(const weir_batch& batch, std::uint32_t row);
  void end_cell(std::string_view name, bool is_there);
  void append_pairs(format::Buffer& out) const;
  bool is_large_row(const weir_batch& batch, std::uint32_t row);
  bool has_shape_of_gathered() const;
  void gather_latest(const weir_batch& batch, std::uint32_t row);
  void append_latest(const weir_batch& batch, std::uint32_t first, std::uint32_t rows,
                     std::uint16_t slot, Commands& out);
  void append_history(const weir_batch& batch, std::uint32_t row, Commands& out);
  void append_message(const weir_batch& batch, std::uint32_t row, Commands& out);
  std::string_view time_text(std::int64_t time);

  const Options& options_;
  Template latest_key_, history_key_, channel_;
  format::PrefixCache latest_keys_, history_keys_, channels_;
  format::Plans plans_;
  table::SqlTime time_;
  format::Encoder messages_;
  format::Buffer message_, buckets_;

  std::vector<Cell> cells_;  // of the row
  format::Buffer values_;    // as words
  std::size_t there_ = 0;    // cells with a value

  // The command for hashes that is being gathered: the keys of its rows, their times and values,
  // and which cells all of them have.
  format::Buffer keys_, rows_;
  std::vector<bool> shape_;
  char time_bytes_[32] = {};
};

}  // namespace weir::redis_sink
