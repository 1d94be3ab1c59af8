// Fuzzes what a broker may send: the stream is cut into packets, and each is read, as either
// version. The first byte says how large a packet may be and in which pieces it comes.
#include <cstdint>
#include <cstdlib>

#include "packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::mqtt_source;
  if (size == 0) return 0;
  const bool v5 = (data[0] & 1) != 0;
  const std::size_t piece = 1 + data[0] / 2;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  PacketReader packets(100'000);
  PacketReader::Packet packet;
  std::size_t given = 0;
  while (!rest.empty()) {
    packets.feed(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
    PacketReader::Next next{};
    while ((next = packets.next(packet)) == PacketReader::Next::packet) {
      given += packet.body.size();
      if (given > size) std::abort();
      Connack connack;
      Publish publish;
      Answer answer;
      (void)parse_connack(packet.body, v5, connack);
      if (parse_publish(packet.first, packet.body, v5, publish)) {
        if (publish.topic.empty() || publish.payload.size() > packet.body.size()) std::abort();
        if ((publish.qos > 0) != (publish.id != 0)) std::abort();
      }
      (void)parse_pubrel(packet.body, answer);
      (void)parse_suback(packet.body, v5, answer);
      (void)parse_disconnect(packet.body, answer);
    }
    if (next == PacketReader::Next::malformed) return 0;
  }
  return 0;
}
