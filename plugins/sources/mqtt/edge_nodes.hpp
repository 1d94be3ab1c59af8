// What is known of the edge nodes of Sparkplug B: the names and types that births bound to aliases.
//
// DATA messages may say an alias alone, and a node is born once a connection: what it bound must
// outlive the agent, or all that it sends until it happens to connect again has no name. So births
// are in a journal in the agent's folder before they are acknowledged.
//
// What the broker sends again after a crash may be of before the last birth that was noted. So what
// was bound before it is kept too, for such messages alone. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal.hpp"
#include "link.hpp"
#include "weir/payload/sparkplug.hpp"

namespace weir::mqtt_source {

// Nodes are named "group/edge node".
class EdgeNodes {
 public:
  static constexpr std::size_t kAliasesMax = 200'000;  // of all edge nodes
  static constexpr std::size_t kNodesMax = 100'000;
  static constexpr std::size_t kBytesMax = 64u << 20;  // of names

  struct Bound {
    std::string name;
    payload::SparkplugType type = payload::SparkplugType::unknown;
    friend bool operator==(const Bound&, const Bound&) = default;
  };
  struct Birth {
    std::optional<std::uint64_t> bd_seq, time_ms;
    friend bool operator==(const Birth&, const Birth&) = default;
  };
  struct Life {
    bool is_alive = false;
    Birth birth;   // the last one
    Birth before;  // that of what is kept of before
  };

  EdgeNodes() = default;  // in memory alone
  // `path`: of the journal, which is not touched before `load`.
  explicit EdgeNodes(std::string path) : journal_(std::move(path)) {}

  // "" or what is wrong with the journal; what precedes that is known.
  std::string load();
  // Makes what has changed durable. "" or why that is not possible; it is tried again in later
  // calls, not too often.
  std::string save(Clock::time_point now);

  void born(const std::string& node, const Birth& birth);  // NBIRTH: other aliases from now on
  void died(const std::string& node);
  // Nothing happens where there is no room.
  void bind(const std::string& node, std::uint64_t alias, const Bound& bound);
  // Null: not known. `is_before`: as of before the last birth or death.
  const Bound* find(const std::string& node, std::uint64_t alias, bool is_before) const;
  const Life* life(const std::string& node) const;  // null: not known

 private:
  struct Node {
    Life life;
    std::unordered_map<std::uint64_t, Bound> now, before;
  };
  struct Record;
  void note(const Record& record);
  void apply(std::string_view record);
  void write_all();
  Node* enter(const std::string& node);
  void age(Node& node);
  void drop(std::unordered_map<std::uint64_t, Bound>& aliases);
  bool has_room(std::size_t nodes, std::size_t aliases, std::size_t bytes) const;
  bool make_room(std::size_t nodes, std::size_t aliases, std::size_t bytes);

  std::map<std::string, Node> nodes_;
  std::size_t alias_count_ = 0, bytes_ = 0;
  bool has_old_ = false;  // something that make_room can do without

  Journal journal_;
  format::Buffer record_;
  bool is_loading_ = false, is_dirty_ = false;
  Clock::time_point retry_{};
};

// Whom to ask for their births: seldom, since a birth is much, and may not help.
class Rebirths {
 public:
  // The node says what is not known here.
  void want(const std::string& node, Clock::time_point now);
  std::vector<std::string> take() { return std::exchange(asked_, {}); }

 private:
  struct Asked {
    Clock::time_point due;  // of asking again
    Duration pause;
  };
  std::unordered_map<std::string, Asked> nodes_;
  std::vector<std::string> asked_;
  Clock::time_point second_{};
  int in_second_ = 0;
};

// What the subscriptions to Sparkplug of one source share.
struct Sparkplug {
  explicit Sparkplug(std::string journal = "") : nodes(std::move(journal)) {}
  EdgeNodes nodes;
  Rebirths rebirths;
  bool asks = false;          // for births that are missed
  std::uint64_t unnamed = 0;  // metrics that were dropped, since their names are not known
};

}  // namespace weir::mqtt_source
