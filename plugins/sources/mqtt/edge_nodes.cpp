#include "edge_nodes.hpp"

#include <algorithm>

#include "weir/payload/protobuf.hpp"

namespace weir::mqtt_source {

namespace {

using namespace std::chrono_literals;

constexpr auto kSaveAgain = 10s;
constexpr Duration kAskAgainMin = 10s, kAskAgainMax = 5min;
constexpr int kAskedASecondMax = 100;

enum Event : std::uint64_t { kBorn = 1, kDied = 2, kBound = 3 };

}  // namespace

// The fields of a record of the journal.
struct EdgeNodes::Record {
  std::uint64_t event = 0;  // 1
  std::string_view node;    // 2
  Birth birth;              // 3, 4
  std::uint64_t alias = 0;  // 5
  std::uint64_t type = 0;   // 6
  std::string_view name;    // 7
};

std::string EdgeNodes::load() {
  is_loading_ = true;
  std::string why = journal_.load([this](std::string_view record) { apply(record); });
  is_loading_ = false;
  return why;
}

std::string EdgeNodes::save(Clock::time_point now) {
  if (!journal_.is_kept() || !is_dirty_) return "";
  const bool is_anew = journal_.wants_rewrite();
  if (is_anew) journal_.clear();
  if (now < retry_) return "";
  if (is_anew) write_all();
  std::string why = is_anew ? journal_.rewrite() : journal_.append();
  is_dirty_ = !why.empty();
  if (is_dirty_) retry_ = now + kSaveAgain;
  return why;
}

void EdgeNodes::note(const Record& record) {
  if (is_loading_ || !journal_.is_kept()) return;
  record_.clear();
  payload::ProtoWriter out(record_);
  out.varint(1, record.event);
  out.bytes(2, record.node);
  if (record.birth.bd_seq) out.varint(3, *record.birth.bd_seq);
  if (record.birth.time_ms) out.varint(4, *record.birth.time_ms);
  if (record.event == kBound) {
    out.varint(5, record.alias);
    out.varint(6, record.type);
    out.bytes(7, record.name);
  }
  journal_.add(record_.view());
  is_dirty_ = true;
}

void EdgeNodes::apply(std::string_view bytes) {
  Record r;
  payload::ProtoReader in(bytes);
  for (payload::ProtoField f; in.next(f);) {
    switch (f.number << 3 | f.wire) {
      case 1 << 3: r.event = f.value; break;
      case 2 << 3 | 2: r.node = f.bytes; break;
      case 3 << 3: r.birth.bd_seq = f.value; break;
      case 4 << 3: r.birth.time_ms = f.value; break;
      case 5 << 3: r.alias = f.value; break;
      case 6 << 3: r.type = f.value; break;
      case 7 << 3 | 2: r.name = f.bytes; break;
      default: break;
    }
  }
  const std::string node(r.node);
  const auto type = static_cast<payload::SparkplugType>(r.type);
  if (r.event == kBorn) born(node, r.birth);
  if (r.event == kDied) died(node);
  if (r.event == kBound) bind(node, r.alias, {std::string(r.name), type});
}

// The events that lead to what is known.
void EdgeNodes::write_all() {
  for (const auto& [name, node] : nodes_) {
    const auto bind_all = [&, &name = name](const auto& aliases) {
      for (const auto& [alias, bound] : aliases) {
        note({kBound, name, {}, alias, static_cast<std::uint64_t>(bound.type), bound.name});
      }
    };
    const bool has_before = !node.before.empty();
    if (has_before) {
      const bool is_same = node.life.is_alive && node.life.before == node.life.birth;
      note({kBorn, name, is_same ? Birth{} : node.life.before, 0, 0, {}});
      bind_all(node.before);
    }
    if (node.life.is_alive) {
      note({kBorn, name, node.life.birth, 0, 0, {}});
      bind_all(node.now);
    } else {
      note({kDied, name, {}, 0, 0, {}});
    }
  }
}

void EdgeNodes::born(const std::string& name, const Birth& birth) {
  const auto known = nodes_.find(name);
  if (known != nodes_.end() && known->second.life.is_alive && birth.time_ms &&
      known->second.life.birth == birth) {
    return;  // the same one again
  }
  Node* const node = enter(name);
  if (node == nullptr) return;
  age(*node);
  node->life.is_alive = true;
  node->life.birth = birth;
  note({kBorn, name, birth, 0, 0, {}});
}

void EdgeNodes::died(const std::string& name) {
  const auto known = nodes_.find(name);
  if (known == nodes_.end() || !known->second.life.is_alive) return;
  age(known->second);
  known->second.life.is_alive = false;
  has_old_ = true;
  note({kDied, name, {}, 0, 0, {}});
}

void EdgeNodes::bind(const std::string& name, std::uint64_t alias, const Bound& bound) {
  if (!nodes_.contains(name)) born(name, {});  // a device's birth, and the node's was not seen
  const auto has = [&](const Node& n) {
    const auto at = n.now.find(alias);
    return at != n.now.end() && at->second == bound;
  };
  auto node = nodes_.find(name);
  if (node == nodes_.end() || has(node->second)) return;
  node->second.life.is_alive = true;
  if (const auto old = node->second.now.find(alias); old != node->second.now.end()) {
    bytes_ -= old->second.name.size();
    --alias_count_;
    node->second.now.erase(old);
  }
  if (!make_room(0, 1, bound.name.size())) return;
  node->second.now.emplace(alias, bound);
  ++alias_count_;
  bytes_ += bound.name.size();
  note({kBound, name, {}, alias, static_cast<std::uint64_t>(bound.type), bound.name});
}

const EdgeNodes::Bound* EdgeNodes::find(const std::string& name, std::uint64_t alias,
                                        bool is_before) const {
  const auto node = nodes_.find(name);
  if (node == nodes_.end()) return nullptr;
  const auto& aliases = is_before ? node->second.before : node->second.now;
  const auto bound = aliases.find(alias);
  return bound == aliases.end() ? nullptr : &bound->second;
}

const EdgeNodes::Life* EdgeNodes::life(const std::string& name) const {
  const auto node = nodes_.find(name);
  return node == nodes_.end() ? nullptr : &node->second.life;
}

EdgeNodes::Node* EdgeNodes::enter(const std::string& name) {
  if (const auto known = nodes_.find(name); known != nodes_.end()) return &known->second;
  if (!make_room(1, 0, name.size())) return nullptr;
  bytes_ += name.size();
  return &nodes_[name];
}

// What was bound is of before. A death between two births makes it no older.
void EdgeNodes::age(Node& node) {
  if (!node.life.is_alive) return;
  drop(node.before);
  node.life.before = node.life.birth;
  node.before.swap(node.now);
  has_old_ = true;
}

void EdgeNodes::drop(std::unordered_map<std::uint64_t, Bound>& aliases) {
  alias_count_ -= aliases.size();
  for (const auto& [alias, bound] : aliases) bytes_ -= bound.name.size();
  aliases.clear();
}

bool EdgeNodes::has_room(std::size_t nodes, std::size_t aliases, std::size_t bytes) const {
  return nodes_.size() + nodes <= kNodesMax && alias_count_ + aliases <= kAliasesMax &&
         bytes_ + bytes <= kBytesMax;
}

// Gives up what is of before, of all nodes, where that is wanted.
bool EdgeNodes::make_room(std::size_t nodes, std::size_t aliases, std::size_t bytes) {
  if (has_room(nodes, aliases, bytes)) return true;
  if (!std::exchange(has_old_, false)) return false;
  for (auto& [name, node] : nodes_) drop(node.before);
  std::erase_if(nodes_, [&](const auto& node) {
    if (node.second.life.is_alive) return false;
    bytes_ -= node.first.size();
    return true;
  });
  return has_room(nodes, aliases, bytes);
}

void Rebirths::want(const std::string& node, Clock::time_point now) {
  if (now - second_ >= 1s) {
    second_ = now;
    in_second_ = 0;
  }
  if (in_second_ == kAskedASecondMax) return;
  if (nodes_.size() == EdgeNodes::kNodesMax && !nodes_.contains(node)) nodes_.clear();
  const auto [known, is_new] = nodes_.try_emplace(node, Asked{now, kAskAgainMin});
  Asked& asked = known->second;
  if (now < asked.due) return;
  if (now - asked.due > kAskAgainMax) asked.pause = kAskAgainMin;  // that was another time
  asked.due = now + asked.pause;
  asked.pause = std::min(asked.pause * 2, kAskAgainMax);
  asked_.push_back(node);
  ++in_second_;
}

}  // namespace weir::mqtt_source
