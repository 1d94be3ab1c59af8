// The inside of a frame: definitions of measurements and series that the segment did not know
// before, then batches whose columns lie as they lay in memory (Apache Arrow's layout). Written by
// encoder.cpp; read here, from bytes that nobody vouches for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"

namespace weir::buffer {

struct PayloadHead {
  std::uint32_t definitions_bytes;  // a multiple of 8; the last word may be padded with zeros
  std::uint32_t batches;
};

struct BatchHead {
  std::uint32_t measurement;
  std::uint32_t rows;
  std::uint64_t source, epoch, sequence;
};
static_assert(sizeof(BatchHead) == 32);

enum class Definition : std::uint32_t { kEnd = 0, kMeasurement = 1, kSeries = 2 };
inline constexpr std::uint32_t kNoText = 0xFFFFFFFF;  // the size of a string that is NULL
inline constexpr std::size_t kDefinitionBytesMin = 12;

inline constexpr std::uint32_t kRowsMax = 1u << 20;  // of a batch

// What the frames of one segment have defined so far. One thread.
class Definitions {
 public:
  struct Measurement;  // a weir_measurement and what it points to
  struct Series {
    bool known = false;
    std::uint32_t measurement = 0;
    std::string text;  // of its label values, each behind its size
  };

  Definitions();
  ~Definitions();

  // Reads the definitions at the head of a payload. No number may reach `ids_end`, which bounds
  // the memory they take. "" or what is wrong; what came before it stays.
  std::string read(std::span<const char> bytes, std::uint64_t ids_end);
  void clear();

  // nullptr when it is not defined, or what defined it was damaged. Until `clear`.
  const weir_measurement* measurement(std::uint32_t id) const;
  const Series* series(std::uint32_t id) const;
  // The label values of a series, parallel to its measurement's labels. They point into it.
  static void values(const Series& series, std::vector<weir_string>& to);

 private:
  std::vector<std::unique_ptr<Measurement>> measurements_;
  std::vector<Series> series_;
};

// A batch as it lies in the payload; the pointers point into it.
struct BatchView {
  BatchHead head;
  const weir_measurement* measurement;
  const std::uint32_t* series;  // [rows], defined and of that measurement
  const std::int64_t* times;    // [rows]
  std::vector<weir_column> columns;
};

// Reads a payload, which is aligned to 8 bytes, of a frame that ends at byte `frame_end` of its
// segment and is said to hold `rows` rows. "" or what is wrong.
std::string decode(std::span<const char> payload, std::uint64_t frame_end, std::uint64_t rows,
                   Definitions& definitions, std::vector<BatchView>& batches);

}  // namespace weir::buffer
