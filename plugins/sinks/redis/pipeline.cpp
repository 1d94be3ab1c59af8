#include "pipeline.hpp"

#include <algorithm>

#include "words.hpp"

namespace weir::redis_sink {

namespace {

constexpr int kRoundsMax = 16;  // redirections of one command, and the like

}  // namespace

void Pipeline::clear() {
  commands_.text.clear();
  commands_.list.clear();
  commands_.rejected.clear();
}

Problem Pipeline::flush() {
  pending_.clear();
  for (std::size_t i = 0; i < commands_.list.size(); ++i) pending_.push_back({i, {}});
  for (int round = 0; !pending_.empty(); ++round) {
    if (round == kRoundsMax) {
      servers_.mark_stale();
      return {Kind::transient,
              "nodes of the cluster send rows to each other without end; see "
              "CLUSTER NODES"};
    }
    std::vector<Share> shares;
    std::vector<Pending> next;
    if (Problem p = send(shares, next)) return p;
    const std::size_t rejected = commands_.rejected.size();
    Problem worst;
    for (const Share& share : shares) {
      Problem p = sort(share, next);
      if (p && worst.kind != Kind::connection) worst = std::move(p);
    }
    if (worst) return worst;
    // A command that the server refuses as too large costs the connection, once for each.
    if (commands_.rejected.size() > rejected) round = -1;
    std::sort(next.begin(), next.end(),
              [](const Pending& a, const Pending& b) { return a.command < b.command; });
    pending_ = std::move(next);
  }
  commands_.text.clear();
  commands_.list.clear();
  return {};
}

Problem Pipeline::send(std::vector<Share>& shares, std::vector<Pending>& held) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Pending& pending = pending_[i];
    const Command& command = commands_.list[pending.command];
    Connection* server = nullptr;
    if (Problem p = pending.ask ? servers_.at(*pending.ask, server)
                                : servers_.of_slot(command.slot, server)) {
      return p;
    }
    auto share = std::find_if(shares.begin(), shares.end(),
                              [server](const Share& s) { return s.server == server; });
    if (share == shares.end()) share = shares.insert(shares.end(), {server, {}});
    // A server that was not there, or said no, may say so to the first rows yet and take those
    // behind them: one goes ahead, so that rows keep their order.
    if (!share->pending.empty() && !server->is_proven()) {
      held.push_back(pending);
    } else {
      share->pending.push_back(i);
    }
  }
  format::Buffer text;
  std::vector<Connection*> connections;
  for (const Share& share : shares) {
    queue(share, text);
    connections.push_back(share.server);
  }
  Connection::exchange(connections, {options_.timeout, "timeout"});
  return {};
}

void Pipeline::queue(const Share& share, format::Buffer& text) {
  text.clear();
  std::size_t answers = share.pending.size();
  const auto add = [&](std::initializer_list<std::string_view> words) {
    append_command(words, text);
    ++answers;
  };
  if (is_transaction_) add({"MULTI"});
  for (const std::size_t i : share.pending) {
    const Command& command = commands_.list[pending_[i].command];
    if (pending_[i].ask) add({"ASKING"});
    text.append(commands_.text.view().substr(command.begin, command.end - command.begin));
  }
  if (is_transaction_) add({"EXEC"});
  if (options_.replicas > 0) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(options_.timeout / 2).count();
    add({"WAIT", std::to_string(options_.replicas), std::to_string(ms)});
  }
  share.server->queue(text.view(), answers);
}

std::vector<const redisReply*> Pipeline::answers_to(const Share& share) const {
  const std::vector<Reply>& replies = share.server->replies();
  const std::size_t count = share.pending.size();
  std::vector<const redisReply*> answers;
  const auto add = [&](std::size_t at) {
    answers.push_back(at < replies.size() ? replies[at].get() : nullptr);
  };
  if (!is_transaction_) {
    std::size_t at = 0;
    for (const std::size_t i : share.pending) {
      if (pending_[i].ask) ++at;  // the answer to ASKING
      add(at++);
    }
    return answers;
  }
  // OK, an answer a command: queued, or an error; and the answers proper, where it came to that.
  if (replies.size() > count + 1 && replies[count + 1]->elements == count) {
    redisReply** const done = replies[count + 1]->element;
    return {done, done + count};
  }
  for (std::size_t i = 0; i < count; ++i) {
    add(i + 1);
    if (answers.back() != nullptr && answers.back()->type != REDIS_REPLY_ERROR) {
      answers.back() = nullptr;
    }
  }
  return answers;
}

// Commands that were not carried out, since the connection broke, are sent again only where a row
// was found that broke it.
Problem Pipeline::sort(const Share& share, std::vector<Pending>& next) {
  Connection& server = *share.server;
  const std::vector<const redisReply*> answers = answers_to(share);
  bool has_no_script = false, is_too_large = false;
  Problem problem;
  std::vector<Pending> undone;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Pending& pending = pending_[share.pending[i]];
    const redisReply* answer = answers[i];
    Problem p;
    if (answer == nullptr) {
      undone.push_back(pending);
    } else if (answer->type == REDIS_REPLY_ERROR) {
      const Kind kind = kind_of(text_of(*answer));
      has_no_script |= kind == Kind::no_script;
      is_too_large |= kind == Kind::too_large;
      p = sort_error(pending, text_of(*answer), server, next);
    } else {
      p = sort_success(commands_.list[pending.command], *answer, server, next);
    }
    if (p && !problem) problem = std::move(p);
  }
  server.set_proven(!problem);
  if (problem) return problem;
  if (is_too_large) {
    next.insert(next.end(), undone.begin(), undone.end());
    server.close();
    return {};
  }
  if (server.problem()) {
    servers_.mark_stale();
    return server.problem();
  }
  if (!undone.empty()) return transaction_problem(share);
  if (options_.replicas > 0) {
    if (Problem p = replicas_problem(server)) return p;
  }
  return has_no_script ? server.load_scripts() : Problem{};
}

// "EXECABORT Transaction discarded because of: OOM command not allowed ...", for one.
Problem Pipeline::transaction_problem(const Share& share) const {
  constexpr std::string_view kReason = "because of: ";
  std::string_view error = text_of(*share.server->replies()[share.pending.size() + 1]);
  if (const std::size_t at = error.find(kReason); at != std::string_view::npos) {
    error.remove_prefix(at + kReason.size());
  }
  Problem problem = share.server->error(error);
  problem.kind = wants_a_new_connection(error) ? Kind::connection : Kind::transient;
  return problem;
}

Problem Pipeline::replicas_problem(Connection& server) const {
  const redisReply& reply = *server.replies().back();
  if (reply.type == REDIS_REPLY_ERROR) return server.error(text_of(reply));
  if (reply.integer >= options_.replicas) return {};
  return {Kind::transient, server.address().text() + ": only " + std::to_string(reply.integer) +
                               " of " + std::to_string(options_.replicas) +
                               " replicas have the rows; see INFO replication, or lower replicas"};
}

Problem Pipeline::sort_error(const Pending& pending, std::string_view error, Connection& server,
                             std::vector<Pending>& next) {
  const Command command = commands_.list[pending.command];
  Problem problem = server.error(error);
  switch (problem.kind) {
    case Kind::moved:
    case Kind::ask: {
      Redirection to;
      if (!options_.cluster || !parse_redirection(error, server.address().host, to)) break;
      if (problem.kind == Kind::ask) {
        counts_.asked += 1;
        next.push_back({pending.command, to.address});
      } else {
        counts_.moved += 1;
        servers_.moved(to);
        next.push_back({pending.command, {}});
      }
      return {};
    }
    case Kind::no_script: next.push_back(pending); return {};
    case Kind::late: {
      // The command becomes another one, in its place.
      counts_.again += 1;
      renderer_.append_late(*command.batch, command.row, commands_);
      commands_.list[pending.command] = commands_.list.back();
      commands_.list.pop_back();
      next.push_back({pending.command, pending.ask});
      return {};
    }
    case Kind::data:
    case Kind::too_large: reject(command, command.row, problem.text); return {};
    default: break;
  }
  servers_.mark_stale();
  problem.kind = wants_a_new_connection(error) ? Kind::connection : Kind::transient;
  return problem;
}

Problem Pipeline::sort_success(const Command command, const redisReply& reply, Connection& server,
                               std::vector<Pending>& next) {
  if (command.what == What::latest) return sort_errors(command, reply, server);
  const bool is_entry = command.what == What::history || command.what == What::late;
  if (is_entry && options_.history->ttl.count() > 0) {
    renderer_.append_expiry(*command.batch, command.row, commands_);
    next.push_back({commands_.list.size() - 1, {}});
  }
  return {};
}

// What the script for hashes answers: the number of a row, from 1, and its error, and so on.
Problem Pipeline::sort_errors(const Command& command, const redisReply& reply, Connection& server) {
  for (std::size_t i = 0; i + 1 < reply.elements; i += 2) {
    const std::string_view error = text_of(*reply.element[i + 1]);
    const long long number = reply.element[i]->integer;
    Problem problem = server.error(error);
    if (problem.kind != Kind::data || number < 1 || number > command.rows) {
      problem.kind = wants_a_new_connection(error) ? Kind::connection : Kind::transient;
      return problem;
    }
    reject(command, command.row + static_cast<std::uint32_t>(number) - 1, problem.text);
  }
  return {};
}

void Pipeline::reject(const Command& command, std::uint32_t row, const std::string& why) {
  commands_.rejected.push_back({command.batch, row, why});
}

}  // namespace weir::redis_sink
