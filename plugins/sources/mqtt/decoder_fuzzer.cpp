// Fuzzes every decoder from the payload to rows, beside an agent in memory. The first byte chooses
// the format, the first line behind it is the topic.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "decoder.hpp"
#include "topic.hpp"
#include "weir_testing/agent.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::mqtt_source;
  if (size == 0) return 0;
  Subscription options;
  options.format = static_cast<PayloadFormat>(data[0] % 6);
  if (options.format == PayloadFormat::json && data[0] >= 128) {
    options.time = "t";
    options.labels = {{"l", "a.b"}};
    options.fields = {{"f", "v"}};
  }
  if (data[0] >= 128) options.precision = Precision::s;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = std::min(rest.find('\n'), rest.size());
  Incoming in;
  in.topic = rest.substr(0, line);
  in.payload = rest.substr(std::min(line + 1, rest.size()));
  in.arrival = 7;
  const Topic topic("{a}/+/{b}/#");
  std::vector<std::string_view> values;
  std::vector<Point::Label> labels;
  if (topic.match(in.topic, values)) {
    for (std::size_t i = 0; i < values.size(); ++i)
      labels.push_back({topic.labels()[i], values[i]});
  }
  in.labels = labels;
  weir::testing::Agent agent;
  const weir::Source source(agent.host());
  Rows rows(source);
  const auto decoder = make_decoder(options);
  for (int round = 0; round < 2; ++round) {  // the second time with what was learnt
    (void)decoder->decode(in, rows);
    for (weir::Batch& batch : rows.take()) {
      if (batch.rows() == 0) std::abort();
      source.emit(std::move(batch));
    }
    rows.release_idle();
  }
  return 0;
}
