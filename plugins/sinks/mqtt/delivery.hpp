// One delivery at a time: messages go out, their acknowledgements come in, and at the end it is
// known of every row whether the broker has it.
//
// The sink's thread sends and waits; the connection's thread tells what comes in.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "options.hpp"
#include "shared/mosquitto/client.hpp"
#include "shared/mosquitto/properties.hpp"
#include "weir/host.hpp"
#include "window.hpp"

namespace weir::mqtt_sink {

// Mosquitto takes so many messages of QoS 2 at a time by default. It acknowledges those beyond and
// throws them away; with MQTT 3.1.1 it can tell neither its limit nor that.
constexpr std::uint16_t kUntoldReceiveMax = 20;

struct Origin {
  const weir_batch* batch;
  std::uint32_t row;
};

class Delivery {
 public:
  Delivery(Sink sink, const Options& options);
  ~Delivery() { forget(); }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // [sink's thread] Waits for a connection, connect_timeout at most. Not ok: retry, and why.
  Status begin(mqtt::Client& client);
  // The row comes again, and the broker acknowledged it the last time, with all before it.
  bool is_done(Origin row) const {
    if (done_.empty()) return false;
    const auto found = done_.find(row.batch);
    return found != done_.end() && found->second[row.row];
  }
  // Waits until a message may be sent. False: the delivery has failed, and no more is worth
  // sending.
  bool has_room();
  // Sends one, behind has_room. `topic` ends in NUL. False as above.
  bool publish(std::string_view topic, std::string_view payload, std::span<const Origin> rows);
  bool send(std::string_view topic, std::string_view payload, std::span<const Origin> rows) {
    return has_room() && publish(topic, payload, rows);
  }
  // A row that can never be delivered. Told to the agent when the others are.
  void reject(Origin row, std::string reason);
  // The largest payload that goes with a topic of this size.
  std::size_t payload_bytes_max(std::size_t topic_bytes) const;
  // Waits for what is on its way, and says what became of all.
  Status finish();
  void forget();  // what is kept of a delivery that failed

  // [connection's thread]
  void connected(const mqtt::Broker& broker);
  void lost(const std::string& why);
  void acknowledged(int number, int reason);
  // Nothing of the delivery is of use: all of it comes again, whatever the broker acknowledges.
  void undo(const std::string& why);

  // What goes with every message of rows.
  const mqtt::Properties& properties() const { return properties_; }

 private:
  struct Rejected {
    Origin row;
    std::string reason;
  };
  enum class Answer : std::uint8_t { none, taken, rejected };
  struct Sent {
    std::size_t end;    // of its rows in origins_
    std::size_t topic;  // its hash
    Answer answer;
  };
  bool wait_until_at_most(std::size_t in_flight);
  bool is_wait_over() const {
    return broken_ || (window_.in_flight() <= wanted_ && window_.has_room(limit_));
  }
  void fail(std::string why);
  void reject_message(std::uint32_t message, const std::string& reason);
  void remember();

  const Sink sink_;
  const Options& options_;
  mqtt::Properties properties_;
  std::size_t frame_bytes_ = 0;  // of a message besides its topic and payload
  mqtt::Client* client_ = nullptr;

  // The sink's thread alone.
  using Clock = std::chrono::steady_clock;
  Clock::time_point stop_at_{};  // nothing more is published then
  std::size_t packet_bytes_max_ = 0;
  std::uint32_t unwoken_ = 0;  // messages that the connection's thread may not know of yet
  bool told_lower_qos_ = false;
  // Of deliveries that failed: rows that need not come again. The batches are retained, so that one
  // at the same place is the same one.
  std::unordered_map<const weir_batch*, std::vector<bool>> done_;

  std::mutex mutex_;  // guards:
  std::condition_variable changed_;
  int qos_ = 0;  // changed by the sink's thread alone
  Window window_;
  std::size_t limit_ = 1;  // of messages on their way; as qos_
  std::vector<Origin> origins_;
  std::vector<Sent> sent_;  // messages
  std::vector<Rejected> rejected_;
  std::string failure_;  // not empty: of this delivery
  std::string trouble_;  // not empty: why there is no connection
  bool is_undone_ = false;
  bool connected_ = false;
  bool broken_ = true;  // the connection that this delivery began with is gone
  mqtt::Broker broker_;
  std::size_t wanted_ = 0;  // as few on their way end a wait
  bool is_waiting_ = false;
  std::uint64_t progress_ = 0;  // acknowledgements so far
};

}  // namespace weir::mqtt_sink
