// The sink mqtt: rows as messages of an MQTT broker. A write is done when the broker has
// acknowledged every message of it; when one is lost on the way all come again.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "delivery.hpp"
#include "encoder.hpp"
#include "options.hpp"
#include "shared/mosquitto/client.hpp"
#include "sparkplug.hpp"
#include "weir/weir.hpp"

namespace weir::mqtt_sink {

class Mqtt : private mqtt::Handler {
 public:
  using Options = mqtt_sink::Options;

  Mqtt(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void start();
  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  std::optional<mqtt::Will> will() override;
  void on_connect(const mqtt::Broker& broker) override;
  void on_disconnect(const std::string& why) override { delivery_.lost(why); }
  void on_publish(int number, int reason) override;
  void on_tick() override;
  void on_message(const mqtt::Message& message) override;
  int announce(const mqtt::Will& notice);

  const Sink sink_;
  const Options options_;
  Delivery delivery_;
  std::unique_ptr<Encoder> encoder_;
  SparkplugEncoder* sparkplug_ = nullptr;  // encoder_, where it is one
  std::atomic<int> qos_max_{2};            // of the broker
  int birth_ = 0;                          // number of the birth; the connection's thread alone
  mqtt::Client client_;                    // behind what its thread calls
};

}  // namespace weir::mqtt_sink
