#include "deliverer.hpp"

#include <algorithm>
#include <exception>

namespace weir::mqtt_source {

namespace {

using namespace std::chrono_literals;

// What is emitted as one. Small enough that the first is not kept waiting for the last.
constexpr std::size_t kGroupMessagesMax = 256;
constexpr std::size_t kGroupBytesMax = 512u << 10;
constexpr Duration kPauseMin = 100ms, kPauseMax = 10s;
constexpr auto kTellEvery = 10s;
constexpr std::size_t kRebirthsMax = 1000;  // that wait for a connection
constexpr auto kReleaseEvery = 10min;

// One file a source: subscriptions may come and go.
std::string journal_of(const Source& source, const std::vector<Subscription>& subscriptions) {
  const bool is_used = std::any_of(subscriptions.begin(), subscriptions.end(), [](const auto& s) {
    return s.format == PayloadFormat::sparkplug;
  });
  return is_used ? std::string(source.data_dir()) + "/sparkplug/" + source.id() : "";
}

}  // namespace

Deliverer::Deliverer(Source source, const std::vector<Subscription>& subscriptions,
                     std::function<void()> wake, bool asks)
    : source_(source),
      wake_(std::move(wake)),
      sparkplug_(std::make_shared<Sparkplug>(journal_of(source, subscriptions))) {
  sparkplug_->asks = asks;
  for (const Subscription& s : subscriptions)
    feeds_.push_back({Topic(s.topic), make_decoder(s, sparkplug_), Rows(source)});
}

Deliverer::~Deliverer() {
  halt();
  join();
}

void Deliverer::start() {
  const std::string why = sparkplug_->nodes.load();
  if (!why.empty()) source_.warn("births of Sparkplug's edge nodes: " + why);
  thread_ = std::thread([this] { run(); });
}

void Deliverer::halt() {
  const std::lock_guard lock(mutex_);
  is_halted_ = true;
  waiting_.clear();
  ready_.notify_all();
}

void Deliverer::join() {
  if (thread_.joinable()) thread_.join();
}

void Deliverer::add(MessagePtr message) {
  const std::lock_guard lock(mutex_);
  if (is_halted_) return;
  waiting_.push_back(std::move(message));
  ready_.notify_one();
}

bool Deliverer::try_add(MessagePtr message, std::size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  if (is_halted_ || loose_bytes_ + message->bytes() > bytes_max) {
    ++counts_.messages;
    ++counts_.dropped;
    return false;
  }
  loose_bytes_ += message->bytes();
  waiting_.push_back(std::move(message));
  ready_.notify_one();
  return true;
}

std::vector<MessagePtr> Deliverer::collect(Clock::time_point now, Clock::time_point& next) {
  const std::lock_guard lock(mutex_);
  if (!lost_.empty() && now >= lost_due_ && !is_halted_) {
    // In the order in which they came, and before what came later.
    counts_.repeated += lost_.size();
    for (const MessagePtr& message : lost_) message->is_again = true;
    waiting_.insert(waiting_.begin(), lost_.begin(), lost_.end());
    lost_.clear();
    ready_.notify_one();
  }
  if (!lost_.empty()) next = std::min(next, lost_due_);
  return std::exchange(done_, {});
}

std::vector<std::string> Deliverer::rebirths() {
  const std::lock_guard lock(mutex_);
  return std::exchange(rebirths_, {});
}

std::size_t Deliverer::outstanding() {
  const std::lock_guard lock(mutex_);
  return emitted_.size();
}

Deliverer::Counts Deliverer::counts() {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Deliverer::settled(void* context, std::uint64_t token, weir_outcome outcome) {
  auto& self = *static_cast<Deliverer*>(context);
  {
    const std::lock_guard lock(self.mutex_);
    const auto at = self.emitted_.find(token);
    if (at == self.emitted_.end()) return;
    if (outcome == WEIR_LOST && self.lost_.empty()) {
      self.pause_ = std::clamp(self.pause_ * 2, kPauseMin, kPauseMax);
      self.lost_due_ = Clock::now() + self.pause_;
    }
    if (outcome != WEIR_LOST) self.pause_ = {};
    auto& where = outcome == WEIR_LOST ? self.lost_ : self.done_;
    where.insert(where.end(), at->second.begin(), at->second.end());
    self.emitted_.erase(at);
  }
  self.wake_();
}

void Deliverer::run() {
  told_ = Clock::now() - kTellEvery;
  released_ = Clock::now();
  for (;;) {
    Group group = next_group();
    if (group.empty()) return;
    try {
      deliver(group);
    } catch (const std::exception& e) {
      // No memory, most likely: as if it were lost. What was decoded of it is decoded again.
      for (Feed& feed : feeds_) feed.rows.clear();
      source_.warn(std::string("cannot deliver messages now: ") + e.what());
      const std::lock_guard lock(mutex_);
      counts_.dropped += std::erase_if(group, [](const MessagePtr& m) { return m->qos == 0; });
      lost_.insert(lost_.end(), group.begin(), group.end());
      lost_due_ = Clock::now() + kPauseMax;
    }
    if (Clock::now() - released_ > kReleaseEvery) {
      for (Feed& feed : feeds_) feed.rows.release_idle();
      released_ = Clock::now();
    }
  }
}

// Waits for one; empty: halted. All of QoS 0, or none.
Deliverer::Group Deliverer::next_group() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return is_halted_ || !waiting_.empty(); });
  Group group;
  if (is_halted_) return group;
  const bool is_loose = waiting_.front()->qos == 0;
  std::size_t bytes = 0;
  while (!waiting_.empty() && (waiting_.front()->qos == 0) == is_loose &&
         group.size() < kGroupMessagesMax && bytes < kGroupBytesMax) {
    bytes += waiting_.front()->bytes();
    if (is_loose) loose_bytes_ -= waiting_.front()->bytes();
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

void Deliverer::deliver(Group group) {
  std::uint64_t bad = 0;
  for (const MessagePtr& message : group) {
    const std::string why = decode(*message);
    if (why.empty()) continue;
    ++bad;
    tell_trouble(*message, why);
  }
  save_births();
  std::vector<std::string> wanted = sparkplug_->rebirths.take();
  const bool asks = !wanted.empty();
  std::size_t series = 0;
  for (const Feed& feed : feeds_) series += feed.rows.series_count();
  {
    const std::lock_guard lock(mutex_);
    counts_.messages += group.size();
    counts_.bad += bad;
    counts_.series = series;
    counts_.unnamed = sparkplug_->unnamed;
    for (std::string& node : wanted) {
      if (rebirths_.size() < kRebirthsMax) rebirths_.push_back(std::move(node));
    }
  }
  if (asks) wake_();
  if (group.front()->qos == 0) return emit_loose(group.size());
  emit(std::move(group));
}

std::string Deliverer::decode(const Message& message) {
  if (message.is_too_large) return "the payload is larger than max_payload";
  for (Feed& feed : feeds_) {
    if (!feed.topic.match(message.topic, topic_values_)) continue;
    topic_labels_.clear();
    for (std::size_t i = 0; i < topic_values_.size(); ++i) {
      topic_labels_.push_back({feed.topic.labels()[i], topic_values_[i]});
    }
    return feed.decoder->decode(
        {message.topic, message.payload, message.arrival, topic_labels_, message.is_again},
        feed.rows);
  }
  return "no subscription has this topic; the broker keeps one of an earlier configuration, which "
         "another client_id would leave behind";
}

// Before the rows go: with them the births are acknowledged. Where it fails, messages are taken all
// the same, since the births can be asked for.
void Deliverer::save_births() {
  const std::string why = sparkplug_->nodes.save(Clock::now());
  if (why.empty()) return;
  source_.warn(why +
               "; what Sparkplug's edge nodes call their metrics is not known any more after "
               "a restart, until they are born again");
}

std::vector<Batch> Deliverer::take_rows() {
  std::vector<Batch> batches;
  for (Feed& feed : feeds_) {
    for (Batch& batch : feed.rows.take()) batches.push_back(std::move(batch));
  }
  return batches;
}

void Deliverer::emit(Group group) {
  std::vector<Batch> batches = take_rows();
  std::uint64_t token = 0;
  {
    const std::lock_guard lock(mutex_);
    if (batches.empty()) {
      done_.insert(done_.end(), group.begin(), group.end());
    } else {
      token = ++token_;
      emitted_.emplace(token, std::move(group));
    }
  }
  if (batches.empty()) return wake_();
  try {
    source_.emit(batches, settled, this, token);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    emitted_.erase(token);
    throw;
  }
}

void Deliverer::emit_loose(std::size_t messages) {
  std::uint64_t lost = 0;
  for (Batch& batch : take_rows()) lost += source_.try_emit(batch) ? 0 : 1;
  if (lost == 0) return;
  const std::lock_guard lock(mutex_);
  counts_.dropped += messages;
}

void Deliverer::tell_trouble(const Message& message, const std::string& why) {
  ++untold_;
  if (Clock::now() - told_ < kTellEvery) return;
  source_.warn(std::to_string(untold_) + (untold_ == 1 ? " message" : " messages") +
               " could not be used, at last one of topic '" + message.topic.substr(0, 200) +
               "': " + why);
  untold_ = 0;
  told_ = Clock::now();
}

}  // namespace weir::mqtt_source
