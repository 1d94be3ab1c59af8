// Whom to talk to: one server, the master that sentinels name, or the nodes of a cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster.hpp"
#include "connection.hpp"
#include "weir/host.hpp"

namespace weir::redis_sink {

// One thread.
class Servers {
 public:
  // `is_for_rows`: false: to ask something only.
  Servers(Sink sink, const Options& options, bool is_for_rows = true);

  // Makes sure that there is somebody to talk to; reads the map of a cluster where it is stale.
  Problem open();
  // After `open`: whether each of them, all masters of a cluster, lets us in.
  Problem greet();
  // Who has the slot, connected.
  Problem of_slot(std::size_t slot, Connection*& found);
  // A node that another one named, connected.
  Problem at(const Address& address, Connection*& found);

  // A node of the cluster said that the slot is elsewhere.
  void moved(const Redirection& to);
  void mark_stale() { is_stale_ = true; }
  bool is_open() const { return is_told_; }
  void close(const std::string& why);  // "": on purpose
  // Closes connections that are not broken; that the next ones are made is not told to people.
  void start_anew();

 private:
  Problem open_single();
  Problem open_master();
  Problem ask_sentinel(const Address& sentinel, Address& master);
  Problem open_cluster();
  void tell(const std::string& peer);
  void drop_strangers();

  Sink sink_;
  const Options& options_;
  const Place place_;
  const Login login_;
  std::vector<std::unique_ptr<Connection>> connections_;
  SlotMap slots_;
  bool is_stale_ = true;  // slots_ may not be the truth
  bool is_told_ = false;  // the agent knows that it is connected
  std::string told_peer_;
};

}  // namespace weir::redis_sink
