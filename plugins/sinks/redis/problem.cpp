#include "problem.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::redis_sink {

namespace {

constexpr std::size_t kErrorBytesMax = 300;  // of a server's text in ours
constexpr unsigned kSlots = 16384;

struct Rule {
  std::string_view begin;
  Kind kind;
  const char* remedy;
};

// By how errors begin; the first that fits. What is not here is transient: it loses no row.
constexpr std::array kRules{
    Rule{"MOVED ", Kind::moved, "; that is a node of a cluster: set cluster: true"},
    Rule{"ASK ", Kind::ask, "; that is a node of a cluster: set cluster: true"},
    Rule{"CROSSSLOT", Kind::transient, "; that is a node of a cluster: set cluster: true"},
    Rule{"NOSCRIPT", Kind::no_script, ""},
    Rule{"WRONGTYPE", Kind::data, "; something else has that key: delete it, or choose another"},
    Rule{"ERR The ID specified in XADD is equal or smaller", Kind::late, ""},
    Rule{"ERR The ID specified in XADD must be greater than 0-0", Kind::data, ""},
    Rule{"ERR Protocol error: invalid bulk length", Kind::too_large,
         "; raise the server's proto-max-bulk-len"},
    Rule{"ERR string exceeds maximum allowed size", Kind::data,
         "; raise the server's proto-max-bulk-len"},
    Rule{"WRONGPASS", Kind::transient, "; check the user of url, and password"},
    Rule{"NOAUTH", Kind::transient, "; set password, and the user in url where there is one"},
    Rule{"ERR invalid password", Kind::transient, "; check password"},
    Rule{"ERR AUTH", Kind::transient, "; the server wants no password: remove it"},
    Rule{"ERR Client sent AUTH", Kind::transient, "; the server wants no password: remove it"},
    Rule{"NOPERM", Kind::transient,
         "; give the user of url the commands and keys that the README names, by ACL SETUSER"},
    Rule{"ERR The user executing the script can't", Kind::transient,
         "; give the user of url the commands and keys that the README names, by ACL SETUSER"},
    Rule{"READONLY", Kind::transient, "; name the server that takes writes, or its sentinels"},
    Rule{"OOM", Kind::transient,
         "; raise the server's maxmemory, or let it evict keys (maxmemory-policy)"},
    Rule{"MISCONF", Kind::transient, "; let the server save to its disk again; its log says more"},
    Rule{"NOREPLICAS", Kind::transient, "; start the replicas that min-replicas-to-write wants"},
    Rule{"CLUSTERDOWN", Kind::transient, "; see CLUSTER INFO: a slot has no node"},
    Rule{"MASTERDOWN", Kind::transient, "; name the server that takes writes"},
    Rule{"ERR DB index", Kind::transient, "; name a database that the server has: databases"},
    Rule{"ERR max number of clients", Kind::transient, "; raise the server's maxclients"},
    Rule{"ERR This instance has cluster support disabled", Kind::transient, "; remove cluster"},
    Rule{"ERR unknown command", Kind::transient, "; the server must be Redis 5 or later"},
    Rule{"DENIED", Kind::transient, "; the server takes loopback connections only: set password"},
};

const Rule* rule_for(std::string_view error) {
  const auto* rule = std::find_if(kRules.begin(), kRules.end(),
                                  [error](const Rule& r) { return error.starts_with(r.begin); });
  return rule == kRules.end() ? nullptr : rule;
}

}  // namespace

Kind kind_of(std::string_view error) {
  const Rule* rule = rule_for(error);
  return rule == nullptr ? Kind::transient : rule->kind;
}

const char* remedy_for(std::string_view error) {
  const Rule* rule = rule_for(error);
  return rule == nullptr ? "" : rule->remedy;
}

std::string describe(std::string_view error) {
  std::string text(error.substr(0, kErrorBytesMax));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text + remedy_for(error);
}

bool wants_a_new_connection(std::string_view error) {
  constexpr std::array<std::string_view, 6> kBegins{"READONLY", "MASTERDOWN", "NOAUTH",
                                                    "NOPERM",   "MOVED ",     "ASK "};
  return std::any_of(kBegins.begin(), kBegins.end(),
                     [error](std::string_view begin) { return error.starts_with(begin); });
}

bool parse_redirection(std::string_view error, const std::string& asked_host, Redirection& out) {
  const std::size_t first = error.find(' ');
  if (first == std::string_view::npos) return false;
  const std::size_t second = error.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const char* const end = error.data() + second;
  const auto [at, failed] = std::from_chars(error.data() + first + 1, end, out.slot);
  if (failed != std::errc{} || at != end || out.slot >= kSlots) return false;
  return parse_address(error.substr(second + 1), asked_host, out.address);
}

}  // namespace weir::redis_sink
