#include "connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scripts.hpp"
#include "words.hpp"

namespace weir::redis_sink {

namespace {

// Between two looks at what is left of a write.
constexpr Duration kLookPeriod = std::chrono::milliseconds(100);
constexpr std::size_t kReadBytes = 64 << 10;
constexpr const char* kNoRedis = "; check that it is Redis that runs there";
constexpr std::size_t kReplyBytesMax = 16 << 20;  // CLUSTER SLOTS of a thousand nodes has 1 MiB

}  // namespace

Problem Connection::open() {
  if (is_open()) return {};
  forget_round();
  const bool is_tls = parse_place(options_).is_tls;
  const ClientTls tls = options_.tls.value_or(ClientTls{});
  const std::string why =
      socket_.connect(address_, is_tls ? &tls : nullptr,
                      std::chrono::steady_clock::now() + sink_.time_left(options_.connect_timeout));
  if (!why.empty()) {
    fail(why);
    return problem_;
  }
  reader_.reset(redisReaderCreate());
  if (reader_ == nullptr) throw std::bad_alloc();
  unparsed_ = 0;
  if (Problem p = log_in()) {
    close();
    p.kind = Kind::connection;
    return p;
  }
  return {};
}

void Connection::close() {
  is_proven_ = false;
  socket_.close();
  reader_.reset();
}

// What a connection is, in one go. What a server does not have, or does not allow, of HELLO is not
// needed.
Problem Connection::log_in() {
  format::Buffer commands;
  std::vector<bool> is_needed;
  const auto add = [&](std::initializer_list<std::string_view> words, bool needed) {
    append_command(words, commands);
    is_needed.push_back(needed);
  };
  if (!login_.user.empty()) {
    add({"AUTH", login_.user, login_.password}, true);
  } else if (!login_.password.empty()) {
    add({"AUTH", login_.password}, true);
  }
  const std::string database = std::to_string(login_.database);
  if (login_.database != 0) add({"SELECT", database}, true);
  add({"HELLO", "2"}, false);
  if (login_.is_for_rows && options_.latest)
    add({"SCRIPT", "LOAD", scripts()[kLatestScript].text}, true);
  if (login_.is_for_rows && options_.history)
    add({"SCRIPT", "LOAD", scripts()[kLateScript].text}, true);
  queue(commands.view(), is_needed.size());
  Connection* const self = this;
  exchange({&self, 1}, {options_.connect_timeout, "connect_timeout"});
  if (problem_) return problem_;
  version_.clear();
  role_.clear();
  for (std::size_t i = 0; i < replies_.size(); ++i) {
    const redisReply& reply = *replies_[i];
    if (reply.type == REDIS_REPLY_ERROR && is_needed[i]) return error(text_of(reply));
    if (reply.type != REDIS_REPLY_ARRAY) continue;
    for (std::size_t k = 0; k + 1 < reply.elements; k += 2) {
      const std::string_view name = text_of(*reply.element[k]);
      if (name == "version") version_ = describe(text_of(*reply.element[k + 1]));
      if (name == "role") role_ = text_of(*reply.element[k + 1]);
    }
  }
  return {};
}

Problem Connection::load_scripts() {
  for (const Script& script : scripts()) {
    Reply reply;
    if (Problem p = call({"SCRIPT", "LOAD", script.text}, reply)) return p;
  }
  return {};
}

std::string Connection::software() const {
  return version_.empty() ? "Redis" : "Redis " + version_;
}

std::string Connection::peer() const {
  return software() + " at " + address_.text() + (socket_.is_tls() ? ", TLS" : "");
}

Problem Connection::error(std::string_view text) const {
  return {kind_of(text), address_.text() + ": " + describe(text)};
}

Problem Connection::call(std::initializer_list<std::string_view> words, Reply& reply) {
  format::Buffer command;
  append_command(words, command);
  queue(command.view(), 1);
  Connection* const self = this;
  exchange({&self, 1}, {options_.timeout, "timeout"});
  if (problem_) return problem_;
  reply = std::move(replies_.at(0));
  return reply->type == REDIS_REPLY_ERROR ? error(text_of(*reply)) : Problem{};
}

void Connection::queue(std::string_view commands, std::size_t count) {
  if (is_done()) forget_round();
  out_.append(commands);
  expected_ += count;
}

void Connection::forget_round() {
  replies_.clear();
  out_.clear();
  sent_ = expected_ = 0;
  problem_ = {};
}

// No longer than what is left of the write, which the agent's stop may shorten meanwhile.
void Connection::exchange(std::span<Connection* const> connections, const Limit& limit) {
  const Sink& sink = connections.front()->sink_;
  const Deadline begin = std::chrono::steady_clock::now();
  std::vector<pollfd> files;
  std::vector<Connection*> waiting;
  for (;;) {
    files.clear();
    waiting.clear();
    for (Connection* c : connections) {
      if (!c->is_done()) c->pump();
      if (c->is_done()) continue;
      files.push_back({c->socket_.fd(), c->events_, 0});
      waiting.push_back(c);
    }
    if (waiting.empty()) return;
    const Deadline now = std::chrono::steady_clock::now();
    const bool is_over = sink.time_left(limit.duration).count() == 0;
    const Duration left = is_over ? Duration(0) : begin + limit.duration - now;
    const Deadline look = now + std::min<Duration>(left, kLookPeriod);
    if (::poll(files.data(), files.size(), milliseconds_to(look)) > 0 || left.count() > 0) continue;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(now - begin).count();
    for (Connection* c : waiting) {
      c->fail("no answer within " + std::to_string(ms) +
              " ms; see whether the server hangs, or raise " +
              (is_over ? "write_deadline" : limit.option));
    }
    return;
  }
}

// As much as goes without waiting. Answers are taken while commands go out, so that neither side
// waits for the other to read.
void Connection::pump() {
  events_ = 0;
  if (sent_ < out_.size()) send_some();
  if (!problem_) receive_some();
}

void Connection::send_some() {
  while (sent_ < out_.size()) {
    const Socket::Result r = socket_.write(out_.view().substr(sent_));
    if (!r.problem.empty()) {
      // The server may have said why before it closed.
      receive_some();
      if (!problem_) fail(r.problem);
      return;
    }
    sent_ += r.bytes;
    if (r.bytes > 0) continue;
    events_ = static_cast<short>(events_ | r.wait_for);
    return;
  }
}

void Connection::receive_some() {
  std::array<char, kReadBytes> bytes;
  while (replies_.size() < expected_) {
    const Socket::Result r = socket_.read(bytes.data(), bytes.size());
    if (!r.problem.empty()) return fail(r.problem);
    if (r.bytes == 0) {
      events_ = static_cast<short>(events_ | r.wait_for);
      return;
    }
    unparsed_ += r.bytes;
    if (redisReaderFeed(reader_.get(), bytes.data(), r.bytes) != REDIS_OK) {
      return fail(std::string(reader_->errstr) + kNoRedis);
    }
    for (void* reply = nullptr; replies_.size() < expected_; reply = nullptr) {
      if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK)
        return fail(std::string(reader_->errstr) + kNoRedis);
      if (reply == nullptr) break;
      replies_.emplace_back(static_cast<redisReply*>(reply));
      unparsed_ = r.bytes;
    }
    if (unparsed_ > kReplyBytesMax) return fail("an answer of more than 16 MiB");
  }
  if (reader_->pos != reader_->len) fail("more answers than there were commands");
}

void Connection::fail(const std::string& why) {
  problem_ = {Kind::connection, address_.text() + ": " + why};
  close();
}

}  // namespace weir::redis_sink
