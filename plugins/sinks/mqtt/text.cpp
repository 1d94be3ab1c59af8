#include "text.hpp"

#include <utility>

#include "gathered.hpp"
#include "weir/format.hpp"
#include "weir/payload/reading_json.hpp"
#include "weir/payload/rows.hpp"

namespace weir::mqtt_sink {

namespace {

// A row is a line, without its end; several are lines.
class Lines {
 public:
  static constexpr Shape kShape{"", "\n", ""};
  static constexpr const char* kNothing =
      "no field of it has a value that the line protocol can say";

  explicit Lines(format::Format format) : encoder_(format) {}
  std::uint32_t append(const weir_batch& batch, std::uint32_t row, format::Buffer& out) {
    encoder_.append(batch, row, 1, out);
    if (!encoder_.skipped().empty()) return 0;
    out.truncate(out.size() - 1);
    return 1;
  }

 private:
  format::Encoder encoder_;
};

// A row is as many objects as it has numbers; several are an array.
class Readings {
 public:
  static constexpr Shape kShape{"[", ",", "]"};
  static constexpr const char* kNothing = "it has no number, which a reading is made of";

  explicit Readings(std::string device) : device_(std::move(device)) {}
  std::uint32_t append(const weir_batch& batch, std::uint32_t row, format::Buffer& out) {
    std::uint32_t items = 0;
    payload::each_reading(batch, row, device_, [&](const payload::ReadingView& reading) {
      if (items++ > 0) out.append(payload::ReadingEncoder::kBetween);
      encoder_.append(reading, out);
    });
    return items;
  }

 private:
  const std::string device_;
  payload::ReadingEncoder encoder_;
};

// `Rows::append` writes a row's items and says how many; none where the row cannot be said.
template <class Rows>
class TextEncoder : public Encoder {
 public:
  TextEncoder(const Options& options, Rows rows)
      : topics_(parse_topic(options.topic)),
        rows_(std::move(rows)),
        gathered_(Rows::kShape, options.message_rows_max()) {}

  void encode(std::span<const weir_batch* const> batches, Delivery& delivery) override {
    gathered_.clear();
    for (const weir_batch* batch : batches) {
      for (std::uint32_t row = 0; row < batch->rows; ++row) {
        if (!add(*batch, row, delivery)) return;
      }
    }
    gathered_.send_rest(delivery);
  }

 private:
  bool add(const weir_batch& batch, std::uint32_t row, Delivery& delivery) {
    const Origin origin{&batch, row};
    if (delivery.is_done(origin)) return true;
    text_.clear();
    const std::uint32_t items = rows_.append(batch, row, text_);
    if (items == 0) {
      delivery.reject(origin, Rows::kNothing);
      return true;
    }
    return gathered_.add(topics_.of(batch, row), text_.view(), items, origin, delivery);
  }

  Topics topics_;
  Rows rows_;
  Gathered gathered_;
  format::Buffer text_;
};

}  // namespace

std::unique_ptr<Encoder> make_text_encoder(const Options& options, std::string device) {
  switch (options.format) {
    case Format::reading:
      return std::make_unique<TextEncoder<Readings>>(options, Readings(std::move(device)));
    case Format::influx:
      return std::make_unique<TextEncoder<Lines>>(options, Lines(format::Format::influx));
    default: return std::make_unique<TextEncoder<Lines>>(options, Lines(format::Format::jsonl));
  }
}

}  // namespace weir::mqtt_sink
