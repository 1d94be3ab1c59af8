// weir/payload/sparkplug_node.hpp - what an edge node of Sparkplug B says in which order.
//
//   topic   spBv1.0/<group>/<NBIRTH|NDEATH|NDATA|DBIRTH|DDATA|DDEATH>/<edge node>[/<device>]
//   NDEATH  is the MQTT will, given to the broker when it is connected to: bdSeq, no seq
//   NBIRTH  is the first message of a connection: seq 0 and the bdSeq of its will
//   then    one sequence number for all of the node's messages, 0 after 255
//   bdSeq   one more at each connection, 0 after 255
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/payload/sparkplug.hpp"

namespace weir::payload {

// A group, edge node or device id: any UTF-8 text but '+', '/', '#' and controls, not empty.
inline bool is_sparkplug_id(std::string_view id) {
  for (const char c : id) {
    if (c == '+' || c == '/' || c == '#' || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return !id.empty();
}

// `message`: "NBIRTH" ... `device`: empty for messages of the node.
inline std::string sparkplug_topic(std::string_view group, std::string_view message,
                                   std::string_view edge_node, std::string_view device = {}) {
  std::string topic = "spBv1.0/";
  topic.append(group).append("/").append(message).append("/").append(edge_node);
  if (!device.empty()) topic.append("/").append(device);
  return topic;
}

// The messages of one edge node. One thread. Each function appends a payload to `out`.
class SparkplugNode {
 public:
  // `bd_seq` of the first connection; keep bd_seq() over restarts where a host tells them apart.
  explicit SparkplugNode(std::uint8_t bd_seq = 0) : bd_seq_(bd_seq) {}

  std::uint8_t bd_seq() const { return bd_seq_; }

  // Before each connect but the first: the will, then the birth, carry the next bdSeq.
  void reconnect() { ++bd_seq_; }
  void death(format::Buffer& out) const {
    const SparkplugMetric bd = bd_seq_metric();
    encode_sparkplug(std::nullopt, {&bd, 1}, std::nullopt, out);
  }
  void birth(std::uint64_t time_ms, std::span<const SparkplugMetric> metrics, format::Buffer& out) {
    std::vector<SparkplugMetric> all{bd_seq_metric()};
    SparkplugMetric& rebirth = all.emplace_back();
    rebirth.name = "Node Control/Rebirth";
    rebirth.type = SparkplugType::boolean;
    rebirth.value = false;
    all.insert(all.end(), metrics.begin(), metrics.end());
    seq_ = 0;
    encode_sparkplug(time_ms, all, next_seq(), out);
  }
  // NDATA, DBIRTH, DDATA and DDEATH (without metrics).
  void message(std::uint64_t time_ms, std::span<const SparkplugMetric> metrics,
               format::Buffer& out) {
    encode_sparkplug(time_ms, metrics, next_seq(), out);
  }

 private:
  SparkplugMetric bd_seq_metric() const {
    SparkplugMetric m;
    m.name = "bdSeq";
    m.type = SparkplugType::int64;
    m.value = std::int64_t{bd_seq_};
    return m;
  }
  std::uint64_t next_seq() { return seq_++; }

  std::uint8_t bd_seq_;
  std::uint8_t seq_ = 0;
};

}  // namespace weir::payload
