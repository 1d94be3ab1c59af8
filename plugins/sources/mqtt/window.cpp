#include "window.hpp"

#include <functional>
#include <utility>
#include <vector>

namespace weir::mqtt_source {

namespace {

// Of a Publish or a Message.
std::uint64_t hash_of(const auto& message) {
  const std::hash<std::string_view> hash;
  return (hash(message.topic) * 31 + hash(message.payload)) * 31 + message.qos;
}

}  // namespace

void Window::connected(bool session_present) {
  for (const Due& due : due_) {
    if (due.message == nullptr && !recorded_.test(due.id)) remember(due.id, due.hash);
  }
  due_.clear();
  due_bytes_ = 0;
  pings_.clear();
  ++connection_;
  if (!session_present) {
    recorded_.reset();
    done_.clear();
  }
  std::vector<MessagePtr> gone;
  for (const auto& [id, message] : by_id_) {
    if (!session_present || message->is_settled_) gone.push_back(message);
  }
  for (const MessagePtr& message : gone) session_present ? retire(message) : forget(message);
}

// Settled, but not on the connection on which it came: what is left to do is to know it again.
void Window::retire(const MessagePtr& message) {
  remember(message->id_, hash_of(*message));
  forget(message);
}

// Its id means it no more. Its rows are still the agent's to deliver.
void Window::forget(const MessagePtr& message) {
  by_id_.erase(message->id_);
  message->id_ = 0;
}

void Window::answered() {
  if (pings_.empty()) return;
  std::erase_if(done_, [&](const auto& done) { return done.second.number <= pings_.front(); });
  pings_.pop_front();
}

void Window::push_due(const MessagePtr& message, const Publish& publish) {
  const bool is_new = message != nullptr;
  due_.push_back({message, publish.id, publish.qos, is_new ? 0 : hash_of(publish)});
  if (is_new) due_bytes_ += message->bytes();
}

// Whether it was settled already, and has only to be answered.
bool Window::is_done(const Publish& publish) {
  if (publish.qos == 2 && recorded_.test(publish.id)) return true;
  const auto done = done_.find(publish.id);
  if (done == done_.end()) return false;
  if (publish.dup && done->second.hash == hash_of(publish)) {
    return true;
  }
  done_.erase(done);
  return false;
}

MessagePtr Window::received(const Publish& publish, bool is_too_large, Time now) {
  if (is_done(publish)) {
    push_due(nullptr, publish);
    return nullptr;
  }
  if (const auto known = by_id_.find(publish.id); known != by_id_.end()) {
    const MessagePtr message = known->second;
    const bool is_first = message->connection_ != connection_;
    if (message->topic == publish.topic && message->payload == publish.payload &&
        message->qos == publish.qos && (publish.dup || !is_first)) {
      // A second time on one connection is a mistake of the broker's, and one answer is enough.
      if (is_first) push_due(message, publish);
      message->connection_ = connection_;
      return nullptr;
    }
    if (!is_first) {
      due_bytes_ -= message->bytes();
      std::erase_if(due_, [&](const Due& due) { return due.message == message; });
    }
    forget(message);
  }
  auto message = std::make_shared<Message>();
  message->topic = publish.topic;
  message->payload = publish.payload;
  message->arrival = now;
  message->qos = publish.qos;
  message->is_too_large = is_too_large;
  message->is_again = publish.dup;
  message->id_ = publish.id;
  message->connection_ = connection_;
  by_id_.emplace(publish.id, message);
  push_due(message, publish);
  ++unsettled_;
  unsettled_bytes_ += message->bytes();
  return message;
}

void Window::settle(const MessagePtr& message) {
  if (message->qos == 0 || std::exchange(message->is_settled_, true)) return;
  --unsettled_;
  unsettled_bytes_ -= message->bytes();
  if (message->id_ != 0 && message->connection_ != connection_) retire(message);
}

std::size_t Window::acknowledge(std::string& out) {
  std::size_t count = 0;
  for (; !due_.empty(); due_.pop_front(), ++count) {
    const Due& due = due_.front();
    if (due.message != nullptr && !due.message->is_settled_) break;
    const bool twice = due.qos == 2;
    put_ack(twice ? Type::pubrec : Type::puback, due.id, out);
    if (due.message == nullptr) {
      remember(due.id, due.hash);
    } else {
      due_bytes_ -= due.message->bytes();
      retire(due.message);
    }
    if (twice) {
      recorded_.set(due.id);
      done_.erase(due.id);
    }
  }
  return count;
}

}  // namespace weir::mqtt_source
