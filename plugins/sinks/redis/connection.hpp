// A connection to one server: logs in, sends commands in bulk, gathers the answers.
#pragma once

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "place.hpp"
#include "problem.hpp"
#include "socket.hpp"
#include "weir/format_text.hpp"
#include "weir/host.hpp"

namespace weir::redis_sink {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

inline std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view{} : std::string_view{reply.str, reply.len};
}

struct Login {
  std::string user;
  std::string password;
  std::uint32_t database = 0;
  bool is_for_rows = true;  // else to ask something, at a sentinel
};

// How long something may take, and the option that says so.
struct Limit {
  Duration duration;
  const char* option;
};

// One thread.
class Connection {
 public:
  Connection(Sink sink, const Options& options, Login login, Address address)
      : sink_(sink), options_(options), login_(std::move(login)), address_(std::move(address)) {}

  // Connects and logs in, where it is not open.
  Problem open();
  void close();
  bool is_open() const { return socket_.is_open(); }
  const Address& address() const { return address_; }
  // After `open`: "Redis 7.0.15"; that " at db:6379, TLS"; "master", "replica", or "" where the
  // server does not say.
  std::string software() const;
  std::string peer() const;
  const std::string& role() const { return role_; }

  // To be sent by the next `exchange`. Copied.
  void queue(std::string_view commands, std::size_t count);
  // Sends what is queued on each of them, and gathers as many answers as there were commands; all
  // of them side by side. Where one fails, its `problem` says so and it is closed; the answers
  // until then are there.
  static void exchange(std::span<Connection* const> connections, const Limit& limit);
  const Problem& problem() const { return problem_; }
  // Whether the last round of rows that it was given succeeded, since it is open.
  bool is_proven() const { return is_proven_; }
  void set_proven(bool proven) { is_proven_ = proven; }
  std::vector<Reply>& replies() { return replies_; }

  // One command and its answer. An error of the server is a Problem.
  Problem call(std::initializer_list<std::string_view> words, Reply& reply);
  Problem load_scripts();
  Problem error(std::string_view text) const;  // of this server's answer

 private:
  Problem log_in();
  void forget_round();
  bool is_done() const { return problem_ || replies_.size() >= expected_; }
  void pump();
  void send_some();
  void receive_some();
  void fail(const std::string& why);

  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  Sink sink_;
  const Options& options_;
  const Login login_;
  const Address address_;
  Socket socket_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  format::Buffer out_;
  std::size_t sent_ = 0;      // of out_
  std::size_t expected_ = 0;  // answers
  std::size_t unparsed_ = 0;  // bytes of an answer that is not whole yet, at most
  short events_ = 0;          // to wait for
  std::vector<Reply> replies_;
  Problem problem_;
  bool is_proven_ = false;
  std::string version_, role_;
};

}  // namespace weir::redis_sink
