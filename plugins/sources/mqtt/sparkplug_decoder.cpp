// Sparkplug B: metrics to rows of `sparkplug`, births and deaths to rows of `sparkplug_state`.
//
// A metric's name comes from the device, so it is a label and not a field. DATA messages may say
// the alias that the BIRTH bound to a name; what was bound is kept by edge node, within bounds.
#include <map>
#include <optional>
#include <unordered_map>

#include "decoder.hpp"
#include "weir/payload/sparkplug.hpp"

namespace weir::mqtt_source {

namespace {

constexpr std::size_t kAliasesMax = 200'000;  // of all edge nodes
constexpr std::size_t kNodesMax = 100'000;
constexpr std::size_t kNameBytesMax = 4096;

// spBv1.0/<group>/<message>/<edge node>[/<device>]
struct Place {
  std::string_view group, message, edge_node, device;
  bool is_device() const { return message[0] == 'D'; }
  std::string_view kind() const { return message.substr(1); }  // BIRTH, DATA, DEATH, CMD
};

std::optional<Place> place_of(std::string_view topic) {
  Place place;
  std::string_view* const parts[] = {nullptr, &place.group, &place.message, &place.edge_node,
                                     &place.device};
  std::size_t n = 0;
  for (;; ++n) {
    const std::size_t slash = topic.find('/');
    const std::string_view level = topic.substr(0, slash);
    if (n == 5 || level.empty() || (n == 0 && level != "spBv1.0")) return {};
    if (n > 0) *parts[n] = level;
    if (slash == std::string_view::npos) break;
    topic.remove_prefix(slash + 1);
  }
  for (const std::string_view known :
       {"NBIRTH", "NDATA", "NDEATH", "NCMD", "DBIRTH", "DDATA", "DDEATH", "DCMD"}) {
    if (place.message == known && n == (known[0] == 'D' ? 4u : 3u)) return place;
  }
  return {};
}

class SparkplugDecoder : public Decoder {
 public:
  std::string decode(const Incoming& in, Rows& rows) override {
    if (in.topic.starts_with("spBv1.0/STATE/")) return "";  // of host applications; JSON
    const auto place = place_of(in.topic);
    if (!place) return "the topic is not one of Sparkplug B: spBv1.0/GROUP/MESSAGE/NODE[/DEVICE]";
    if (place->kind() == "CMD") return "";  // for devices, not of them
    const payload::Decoded decoded = payload::decode_sparkplug(in.payload, kRowsMax, payload_);
    if (!decoded) return decoded.text();
    if (is_late_death(*place)) return "";
    begin(in, *place);
    Trouble trouble;
    if (place->kind() != "DATA") {
      const bool online = place->kind() == "BIRTH";
      if (!place->is_device()) forget(*place);
      if (!place->is_device() && online) keep_birth(*place);
      trouble.add(state(in, online, rows));
      if (!online) return trouble.text();
    }
    for (payload::SparkplugMetric& m : payload_.metrics) trouble.add(metric(in, *place, m, rows));
    return trouble.text();
  }

 private:
  struct Bound {
    std::string name;
    payload::SparkplugType type;
  };
  struct Node {
    std::optional<std::uint64_t> bd_seq;  // of its last NBIRTH
    std::unordered_map<std::uint64_t, Bound> aliases;
  };

  static std::string node_of(const Place& place) {
    return std::string(place.group) + "/" + std::string(place.edge_node);
  }
  void forget(const Place& place) {
    const auto known = nodes_.find(node_of(place));
    if (known == nodes_.end()) return;
    alias_count_ -= known->second.aliases.size();
    nodes_.erase(known);
  }
  std::optional<std::uint64_t> bd_seq() const {
    for (const payload::SparkplugMetric& m : payload_.metrics) {
      if (m.name != "bdSeq") continue;
      if (const auto* u = std::get_if<std::uint64_t>(&m.value)) return *u;
      if (const auto* i = std::get_if<std::int64_t>(&m.value)) {
        return static_cast<std::uint64_t>(*i);
      }
    }
    return {};
  }
  void keep_birth(const Place& place) {
    const auto seq = bd_seq();
    if (seq && nodes_.size() < kNodesMax) nodes_[node_of(place)].bd_seq = seq;
  }
  // The will of a connection before the one that was born last: the broker may send it when the
  // node is long back.
  bool is_late_death(const Place& place) const {
    if (place.message != "NDEATH") return false;
    const auto node = nodes_.find(node_of(place));
    const auto seq = bd_seq();
    return node != nodes_.end() && node->second.bd_seq && seq && *seq != *node->second.bd_seq;
  }

  void begin(const Incoming& in, const Place& place) {
    base_.assign(in.labels.begin(), in.labels.end());
    point_.labels = base_;
    point_.label("group_id", place.group);
    point_.label("edge_node_id", place.edge_node);
    point_.label("device_id", place.device);
    base_ = point_.labels;
  }
  Time time_of(const Incoming& in, const std::optional<std::uint64_t>& ms) const {
    constexpr std::uint64_t kMsMax = 9'223'372'036'854;
    const auto& told = ms ? ms : payload_.time_ms;
    return told && *told <= kMsMax ? static_cast<Time>(*told) * 1'000'000 : in.arrival;
  }
  std::string state(const Incoming& in, bool online, Rows& rows) {
    point_.measurement = "sparkplug_state";
    point_.fields.assign(1, {"online", "", online});
    point_.time = time_of(in, {});
    return rows.add(point_);
  }

  std::string metric(const Incoming& in, const Place& place, payload::SparkplugMetric& m,
                     Rows& rows) {
    if (m.name.size() > kNameBytesMax) return "a metric's name is longer than 4096 bytes";
    if (place.kind() == "BIRTH" && m.alias && !m.name.empty()) bind(place, m);
    if (m.name.empty() || m.type == payload::SparkplugType::unknown) {
      const Bound* bound = find(place, m);
      if (bound == nullptr && m.name.empty()) {
        return "a metric has an alias that no BIRTH has bound to a name; it will be known after "
               "the "
               "edge node's next birth";
      }
      if (bound != nullptr) resolve(*bound, m);
    }
    if (m.name == "bdSeq" || m.name.starts_with("Node Control/") ||
        m.name.starts_with("Device Control/")) {
      return "";  // of the protocol
    }
    point_.labels = base_;
    point_.label("metric", m.name);
    point_.measurement = "sparkplug";
    point_.time = time_of(in, m.time_ms);
    point_.fields.clear();
    // One type for all numbers, since one name has one type for all rows.
    if (const auto* d = std::get_if<double>(&m.value)) {
      point_.fields.push_back({"value", "", *d});
    } else if (const auto* i = std::get_if<std::int64_t>(&m.value)) {
      point_.fields.push_back({"value", "", static_cast<double>(*i)});
    } else if (const auto* u = std::get_if<std::uint64_t>(&m.value)) {
      point_.fields.push_back({"value", "", static_cast<double>(*u)});
    } else if (const auto* b = std::get_if<bool>(&m.value)) {
      point_.fields.push_back({"value", "", *b ? 1.0 : 0.0});
    } else if (const auto* text = std::get_if<std::string_view>(&m.value)) {
      point_.fields.push_back({"text", "", *text});
    } else {
      return "";  // null, or of a kind that is not decoded
    }
    return rows.add(point_);
  }

  void bind(const Place& place, const payload::SparkplugMetric& m) {
    const auto node = nodes_.find(node_of(place));
    const bool is_new = node == nodes_.end() || !node->second.aliases.contains(*m.alias);
    if (is_new && alias_count_ == kAliasesMax) return;  // its data is then told to be unknown
    alias_count_ += is_new ? 1 : 0;
    nodes_[node_of(place)].aliases.insert_or_assign(*m.alias, Bound{std::string(m.name), m.type});
  }
  const Bound* find(const Place& place, const payload::SparkplugMetric& m) const {
    if (!m.alias) return nullptr;
    const auto node = nodes_.find(node_of(place));
    if (node == nodes_.end()) return nullptr;
    const auto bound = node->second.aliases.find(*m.alias);
    return bound == node->second.aliases.end() ? nullptr : &bound->second;
  }
  // The type tells how an integer is to be read.
  static void resolve(const Bound& bound, payload::SparkplugMetric& m) {
    m.name = bound.name;
    if (m.type != payload::SparkplugType::unknown) return;
    m.type = bound.type;
    if (const auto* raw = std::get_if<std::uint64_t>(&m.value)) {
      m.value = payload::detail::integer_value(m.type, *raw);
    }
  }

  std::map<std::string, Node> nodes_;
  std::size_t alias_count_ = 0;
  payload::SparkplugPayload payload_;
  std::vector<Point::Label> base_;
  Point point_;
};

}  // namespace

std::unique_ptr<Decoder> make_sparkplug_decoder() { return std::make_unique<SparkplugDecoder>(); }

}  // namespace weir::mqtt_source
