// Sparkplug B: metrics to rows of `sparkplug`, births and deaths to rows of `sparkplug_state`.
//
// A metric's name comes from the device, so it is a label and not a field. DATA messages may say
// the alias that the BIRTH bound to a name: edge_nodes.hpp.
#include <optional>

#include "decoder.hpp"
#include "edge_nodes.hpp"
#include "weir/payload/sparkplug.hpp"

namespace weir::mqtt_source {

namespace {

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
  explicit SparkplugDecoder(std::shared_ptr<Sparkplug> shared) : shared_(std::move(shared)) {}

 private:
  std::string read(const Incoming& in, Rows& rows) override {
    if (in.topic.starts_with("spBv1.0/STATE/")) return "";  // of host applications; JSON
    const auto place = place_of(in.topic);
    if (!place) return "the topic is not one of Sparkplug B: spBv1.0/GROUP/MESSAGE/NODE[/DEVICE]";
    if (place->kind() == "CMD") return "";  // for devices, not of them
    const payload::Decoded decoded = payload::decode_sparkplug(in.payload, kRowsMax, payload_);
    if (!decoded) return decoded.text();
    node_.assign(place->group).append("/").append(place->edge_node);
    if (is_late_death(*place)) return "";
    is_before_ = is_before(in, *place);
    begin(in, *place);
    Trouble trouble;
    if (place->kind() != "DATA") {
      const bool online = place->kind() == "BIRTH";
      if (!place->is_device() && !online) nodes().died(node_);
      if (!place->is_device() && online && !is_before_) {
        nodes().born(node_, {bd_seq(), payload_.time_ms});
      }
      trouble.add(state(in, online, rows));
      if (!online) return trouble.text();
    }
    unnamed_ = 0;
    for (payload::SparkplugMetric& m : payload_.metrics) trouble.add(metric(in, *place, m, rows));
    if (unnamed_ > 0) trouble.add(miss());
    return trouble.text();
  }

  EdgeNodes& nodes() { return shared_->nodes; }

  std::string miss() {
    shared_->unnamed += unnamed_;
    const std::string what = std::to_string(unnamed_) +
                             (unnamed_ == 1 ? " metric was dropped: its alias has"
                                            : " metrics were dropped: their aliases have") +
                             " no name";
    if (is_before_) return what + ", since the message is of before its edge node's last birth";
    const std::string known = what + " that is known here before the edge node's next birth";
    if (!shared_->asks) return known;
    shared_->rebirths.want(node_, Clock::now());
    return known + ", for which it is asked (NCMD, Node Control/Rebirth)";
  }
  // Only what comes again can be; and only then is a time that is before no clock that was set.
  bool is_before(const Incoming& in, const Place& place) {
    const EdgeNodes::Life* const life = in.is_again ? nodes().life(node_) : nullptr;
    if (life == nullptr) return false;
    const auto& birth = life->birth.time_ms;
    const bool has_times = birth && payload_.time_ms;
    if (place.message == "NBIRTH") {  // that of the life that ended is none of another
      return has_times &&
             (*payload_.time_ms < *birth || (!life->is_alive && *payload_.time_ms == *birth));
    }
    return !life->is_alive || (has_times && *payload_.time_ms < *birth);
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
  // The will of a connection before the one that was born last: the broker may send it when the
  // node is long back.
  bool is_late_death(const Place& place) {
    if (place.message != "NDEATH") return false;
    const EdgeNodes::Life* const life = nodes().life(node_);
    const auto seq = bd_seq();
    return life != nullptr && life->is_alive && life->birth.bd_seq && seq &&
           *seq != *life->birth.bd_seq;
  }

  void begin(const Incoming& in, const Place& place) {
    base_.assign(in.labels.begin(), in.labels.end());
    point_.labels = base_;
    point_.label("group_id", place.group);
    point_.label("edge_node_id", place.edge_node);
    point_.label("device_id", place.device);
    base_ = point_.labels;
  }
  void set_time(const Incoming& in, const std::optional<std::uint64_t>& ms) {
    constexpr std::uint64_t kMsMax = 9'223'372'036'854;
    const auto& told = ms ? ms : payload_.time_ms;
    if (told && *told <= kMsMax) {
      point_.at(static_cast<Time>(*told) * 1'000'000);
    } else {
      point_.arrived(in.arrival);
    }
  }
  std::string state(const Incoming& in, bool online, Rows& rows) {
    point_.measurement = "sparkplug_state";
    point_.fields.assign(1, {"online", "", online});
    set_time(in, {});
    return rows.add(point_);
  }

  std::string metric(const Incoming& in, const Place& place, payload::SparkplugMetric& m,
                     Rows& rows) {
    if (m.name.size() > kNameBytesMax) return "a metric's name is longer than 4096 bytes";
    if (place.kind() == "BIRTH" && m.alias && !m.name.empty() && !is_before_) {
      nodes().bind(node_, *m.alias, {std::string(m.name), m.type});
    }
    if (m.name.empty() || m.type == payload::SparkplugType::unknown) {
      const EdgeNodes::Bound* bound = m.alias ? find(*m.alias) : nullptr;
      if (bound == nullptr && m.name.empty()) {
        ++unnamed_;
        return "";
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
    set_time(in, m.time_ms);
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

  // Of before is the birth before the last one; what is older still has no name.
  const EdgeNodes::Bound* find(std::uint64_t alias) {
    if (is_before_) {
      const auto& birth = nodes().life(node_)->before.time_ms;
      if (birth && payload_.time_ms && *payload_.time_ms < *birth) return nullptr;
    }
    return nodes().find(node_, alias, is_before_);
  }
  // The type tells how an integer is to be read.
  static void resolve(const EdgeNodes::Bound& bound, payload::SparkplugMetric& m) {
    m.name = bound.name;
    if (m.type != payload::SparkplugType::unknown) return;
    m.type = bound.type;
    if (const auto* raw = std::get_if<std::uint64_t>(&m.value)) {
      m.value = payload::detail::integer_value(m.type, *raw);
    }
  }

  const std::shared_ptr<Sparkplug> shared_;
  std::string node_;        // of the message
  bool is_before_ = false;  // the message, the node's last birth
  std::size_t unnamed_ = 0;
  payload::SparkplugPayload payload_;
  std::vector<Point::Label> base_;
  Point point_;
};

}  // namespace

std::unique_ptr<Decoder> make_sparkplug_decoder(std::shared_ptr<Sparkplug> shared) {
  return std::make_unique<SparkplugDecoder>(std::move(shared));
}

}  // namespace weir::mqtt_source
