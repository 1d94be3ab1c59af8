// Commands on their way: sent to the servers that they belong to, all at once, and their answers
// sorted one by one. What another node of a cluster is to have goes there in a further round, in
// the order in which it was; so does what a stream refused.
//
// A server that takes rows again in the middle of it, since memory is free just then, would have
// later rows of a stream without earlier ones. So what goes to one server, streams among it, is a
// transaction: all of it is done, or nothing. In a cluster there is none over several slots.
#pragma once

#include <optional>
#include <vector>

#include "connection.hpp"
#include "render.hpp"
#include "servers.hpp"

namespace weir::redis_sink {

struct Counts {
  double moved = 0, asked = 0, again = 0;  // again: stream entries that were not new
};

// One thread.
class Pipeline {
 public:
  Pipeline(const Options& options, Servers& servers, Renderer& renderer)
      : options_(options),
        is_transaction_(options.history && !options.cluster),
        servers_(servers),
        renderer_(renderer) {}

  // What is to be sent: filled by a Renderer.
  Commands& commands() { return commands_; }
  // Sends it all. Without a problem, every row is where it belongs or among the rejected, which
  // stay until `clear`; with one, nothing is known of any of them.
  Problem flush();
  void clear();
  const Counts& counts() const { return counts_; }

 private:
  // A command that has no answer yet.
  struct Pending {
    std::size_t command;
    std::optional<Address> ask;  // the node that has the key, though not the slot
  };
  // What goes to one server in a round: numbers of pending commands, in order.
  struct Share {
    Connection* server;
    std::vector<std::size_t> pending;
  };

  // `held`: what has to wait for the next round.
  Problem send(std::vector<Share>& shares, std::vector<Pending>& held);
  void queue(const Share& share, format::Buffer& text);
  Problem sort(const Share& share, std::vector<Pending>& next);
  // The answers to its commands, nullptr where one was not carried out.
  std::vector<const redisReply*> answers_to(const Share& share) const;
  Problem transaction_problem(const Share& share) const;
  Problem replicas_problem(Connection& server) const;
  Problem sort_success(Command command, const redisReply& reply, Connection& server,
                       std::vector<Pending>& next);
  Problem sort_errors(const Command& command, const redisReply& reply, Connection& server);
  Problem sort_error(const Pending& pending, std::string_view error, Connection& server,
                     std::vector<Pending>& next);
  void reject(const Command& command, std::uint32_t row, const std::string& why);

  const Options& options_;
  const bool is_transaction_;
  Servers& servers_;
  Renderer& renderer_;
  Commands commands_;
  std::vector<Pending> pending_;
  Counts counts_;
};

}  // namespace weir::redis_sink
