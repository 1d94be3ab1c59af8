#include "ask.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "shared/mosquitto/client.hpp"

namespace weir::mqtt_sink {

namespace {

// Keeps what came first: the broker's yes, or why the first attempt failed.
class FirstAnswer : public mqtt::Handler {
 public:
  void on_connect(const mqtt::Broker&) override { set(""); }
  void on_disconnect(const std::string& why) override { set(why); }

  std::optional<std::string> wait(Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return answer_.has_value(); });
    return answer_;
  }

 private:
  void set(const std::string& answer) {
    const std::lock_guard lock(mutex_);
    if (!answer_) answer_ = answer;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> answer_;
};

}  // namespace

std::string ask_broker(Host host, const mqtt::ConnectionOptions& options, Duration limit) {
  FirstAnswer first;
  mqtt::Client client(host, options, {}, first);
  client.start();
  // Connecting has its limit; this one is for what comes before, a look-up of the host's name.
  const std::optional<std::string> answer = first.wait(limit + std::chrono::seconds(1));
  client.stop();
  return answer.value_or(client.place().text() + ": no answer in time; check the host of url");
}

}  // namespace weir::mqtt_sink
