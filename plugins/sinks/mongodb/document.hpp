// Values of rows as BSON, and flat documents.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "bson.hpp"
#include "plan.hpp"
#include "weir/format_series.hpp"
#include "weir/table_series.hpp"

namespace weir::mongodb_sink {

inline constexpr const char* kTooLarge =
    "makes a document that is larger than the server takes (16 MiB)";

// What a server can keep. MongoDB: all of it.
struct Limits {
  bool has_nonfinite = true;  // NaN and infinities
  bool has_decimal = true;    // Decimal128, for integers from 2^63 on
  std::size_t document_bytes = 16 << 20;
};

// Why a row cannot be kept, to be read behind the name of what it is about; nullptr: it can.
struct Refusal {
  static constexpr std::uint32_t kWhole = ~0u;
  const char* why = nullptr;
  std::uint32_t field = kWhole;  // or the row as a whole
  explicit operator bool() const { return why != nullptr; }
};
std::string text_of(const Refusal& refusal, const weir_measurement& m);

// The key of a document: its time in ns, so that they sort by it, then the id of its series or
// group. Big endian, the sign's bit turned, since servers compare bytes.
using DocumentId = std::array<std::uint8_t, 24>;
DocumentId document_id(std::int64_t time, const table::SeriesId& id);

// Text that is not well-formed UTF-8 is kept as binary data, byte by byte.
void append_text(bson_t& out, std::string_view key, std::string_view value);
// Nothing where the row has no value.
Refusal append_field(bson_t& out, const Field& field, const weir_batch& batch, std::uint32_t row,
                     const Limits& limits);
// _id, the time, and what a date leaves out of it.
void append_head(bson_t& out, const DocumentId& id, const std::string& time_name,
                 std::int64_t time);

// What all documents of a series, or of a group, have in common; found again by the series.
class Heads {
 public:
  Heads();
  struct Head {
    table::SeriesId id;
    std::string_view labels;  // a document, valid until the next call
  };
  Head find(const Plan& plan, const weir_series& series);

 private:
  format::PrefixCache cache_;
};

// The document of one row. `out` is empty before; after a refusal it is of no use.
Refusal append_flat(bson_t& out, const Plan& plan, const Heads::Head& head,
                    const std::string& time_name, bool labels_apart, const weir_batch& batch,
                    std::uint32_t row, const Limits& limits);

}  // namespace weir::mongodb_sink
