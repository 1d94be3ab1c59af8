#include "servers.hpp"

#include <algorithm>

namespace weir::redis_sink {

Servers::Servers(Sink sink, const Options& options, bool is_for_rows)
    : sink_(sink),
      options_(options),
      place_(parse_place(options)),
      login_{place_.user, options.password, place_.database, is_for_rows} {}

Problem Servers::open() {
  if (options_.cluster) return open_cluster();
  if (options_.sentinel) return open_master();
  return open_single();
}

Problem Servers::open_single() {
  Connection* server = nullptr;
  if (Problem p = at(place_.addresses.front(), server)) return p;
  tell(server->peer());
  return {};
}

// Each sentinel in turn, until one knows a master that says itself that it is one.
Problem Servers::open_master() {
  if (!connections_.empty() && connections_.front()->is_open()) return {};
  connections_.clear();
  Problem last;
  for (const Address& sentinel : place_.addresses) {
    Address address;
    if ((last = ask_sentinel(sentinel, address))) continue;
    Connection* master = nullptr;
    if ((last = at(address, master))) continue;
    if (!master->role().empty() && master->role() != "master") {
      connections_.clear();
      last = {Kind::connection, "sentinel " + sentinel.text() + " names " + address.text() +
                                    " as the master, which it is not (yet)"};
      continue;
    }
    tell(master->peer() + ", master " + options_.sentinel->master);
    return {};
  }
  return last;
}

Problem Servers::ask_sentinel(const Address& sentinel, Address& master) {
  const Login login{options_.sentinel->user, options_.sentinel->password, 0, false};
  Connection connection(sink_, options_, login, sentinel);
  const auto said = [](Problem p) {
    p.kind = Kind::connection;
    p.text = "sentinel " + p.text;
    return p;
  };
  if (Problem p = connection.open()) return said(p);
  Reply reply;
  const std::string& name = options_.sentinel->master;
  if (Problem p = connection.call({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}, reply)) {
    return said(p);
  }
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
      !parse_address(
          std::string(text_of(*reply->element[0])) + ":" + std::string(text_of(*reply->element[1])),
          "", master)) {
    return {Kind::connection, "sentinel " + sentinel.text() + " knows no master '" + name +
                                  "'; check sentinel: master"};
  }
  return {};
}

// The map comes from whoever answers: connected nodes first, then those that the url names, which
// may have been replaced since.
Problem Servers::open_cluster() {
  if (!is_stale_ && !connections_.empty()) return {};
  std::vector<Address> candidates;
  for (const auto& c : connections_) candidates.push_back(c->address());
  candidates.insert(candidates.end(), slots_.nodes().begin(), slots_.nodes().end());
  candidates.insert(candidates.end(), place_.addresses.begin(), place_.addresses.end());
  Problem last;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Address& address = candidates[i];
    const auto here = candidates.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(candidates.begin(), here, address) != here) continue;
    Connection* node = nullptr;
    Reply reply;
    if ((last = at(address, node))) continue;
    if ((last = node->call({"CLUSTER", "SLOTS"}, reply))) continue;
    if (const std::string why = slots_.read(*reply, address.host); !why.empty()) {
      last = {Kind::transient, address.text() + ": " + why};
      continue;
    }
    if (slots_.nodes().empty()) {
      last = {Kind::transient, address.text() + " knows no node with slots; is the cluster made?"};
      continue;
    }
    tell(node->software() + ", cluster of " + std::to_string(slots_.nodes().size()) +
         " masters, by " + place_.addresses.front().text() + (place_.is_tls ? ", TLS" : ""));
    drop_strangers();
    is_stale_ = false;
    sink_.figure("cluster_nodes", static_cast<double>(slots_.nodes().size()));
    return {};
  }
  return last;
}

// Connections to nodes that have no slots any more.
void Servers::drop_strangers() {
  std::erase_if(connections_, [this](const auto& c) {
    const auto& nodes = slots_.nodes();
    return std::find(nodes.begin(), nodes.end(), c->address()) == nodes.end();
  });
}

Problem Servers::greet() {
  std::vector<Address> all = slots_.nodes();
  if (!options_.cluster) all = {connections_.front()->address()};
  for (const Address& address : all) {
    Connection* server = nullptr;
    if (Problem p = at(address, server)) return p;
    Reply reply;
    Problem p = server->call({"PING"}, reply);
    // Who may not ask that was let in to be told so.
    if (p && (reply == nullptr || !text_of(*reply).starts_with("NOPERM"))) return p;
  }
  return {};
}

Problem Servers::of_slot(std::size_t slot, Connection*& found) {
  if (!options_.cluster) {
    if (connections_.empty()) return {Kind::connection, "not connected"};
    found = connections_.front().get();
    return found->open();
  }
  const Address* node = slots_.node_of(slot);
  if (node == nullptr) {
    is_stale_ = true;
    return {Kind::transient, "no node of the cluster has slot " + std::to_string(slot) +
                                 "; see CLUSTER SLOTS and CLUSTER INFO"};
  }
  return at(Address(*node), found);
}

Problem Servers::at(const Address& address, Connection*& found) {
  auto at = std::find_if(connections_.begin(), connections_.end(),
                         [&](const auto& c) { return c->address() == address; });
  if (at == connections_.end()) {
    connections_.push_back(std::make_unique<Connection>(sink_, options_, login_, address));
    at = connections_.end() - 1;
  }
  found = at->get();
  Problem problem = found->open();
  if (problem) is_stale_ = true;
  return problem;
}

void Servers::moved(const Redirection& to) {
  slots_.set(to.slot, to.address);
  is_stale_ = true;
}

void Servers::tell(const std::string& peer) {
  if (is_told_ && peer == told_peer_) return;
  sink_.connected(peer);
  is_told_ = true;
  told_peer_ = peer;
}

void Servers::close(const std::string& why) {
  sink_.disconnected(why);
  is_told_ = false;
  start_anew();
}

void Servers::start_anew() {
  connections_.clear();
  is_stale_ = true;
}

}  // namespace weir::redis_sink
