// See plugin_test_instance.hpp.
#include "core/cli/plugin_test_instance.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "core/cli/plugin_test_child.hpp"
#include "core/pipeline/wall_clock.hpp"
#include "core/plugin/calls.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kBasketBytes = 128u << 20;
// Of a write, and how much later it may return: machines are busy.
constexpr std::chrono::seconds kWriteLimit{3}, kSlack{5};

// What `call` returns.
template <class Call>
auto called(const char* name, Call call) {
  step(name);
  try {
    return call();
  } catch (const std::exception& e) {
    fail(std::string(name) +
         " threw an exception, expected that none leaves a plugin: " + e.what());
  } catch (...) {
    fail(std::string(name) + " threw an exception, expected that none leaves a plugin");
  }
}

std::string reason(const char* name, const core::CallError& error) {
  if (error.text[0] == '\0') {
    fail(std::string(name) + " failed without a text in weir_error, expected a reason");
  }
  return error.text;
}

}  // namespace

Stage::Stage(const config::AgentOptions& agent)
    : pools_(epochs_),
      registry_(epochs_, agent.max_series),
      services_{pools_,         registry_,           agent.hostname,
                agent.data_dir, core::wall_now_ns(), [](weir_telemetry_row, void*) {}} {}

Basket::Basket(core::Output& output)
    : queue_(kBasketBytes, core::WhenFull::kDropNewest), route_("under_test", "basket", queue_) {
  output.set_routes({&route_});
}

Batches Basket::take() {
  Batches batches;
  for (core::Item item{}; queue_.pop(item);) {
    items_.push_back(item);
    for (core::Batch* b = item.chain; b != nullptr; b = b->next) batches.push_back(&b->abi);
  }
  return batches;
}

void Basket::empty() {
  take();
  for (const core::Item& item : std::exchange(items_, {})) queue_.finish(item);
}

Instance::Instance(Stage& stage, const weir_component_type& type, const Bound& bound)
    : type_(type),
      options_(bound.component().options),
      interval_ns_(bound.component().source.interval_or(bound.agent()).count()),
      host_(stage.services(), bound.component().id, {},
            type.kind == WEIR_SOURCE ? interval_ns_ : 0) {}

std::string Instance::create() {
  core::CallError error;
  const weir_status status =
      called("create", [&] { return type_.create(host_.abi(), options_, &instance_, &error); });
  if (status == WEIR_OK) return "";
  instance_ = nullptr;  // an instance there is only with WEIR_OK
  if (status != WEIR_CONFIG && status != WEIR_ERROR) {
    fail("create returned " + std::to_string(status) +
         ", expected WEIR_OK, WEIR_CONFIG or WEIR_ERROR");
  }
  return reason("create", error);
}

std::string Instance::start() {
  if (type_.start == nullptr) return "";
  core::CallError error;
  const weir_status status = called("start", [&] { return type_.start(instance_, &error); });
  return status == WEIR_OK ? "" : reason("start", error);
}

void Instance::must_create() {
  const std::string why = create();
  if (!why.empty()) fail("create failed, expected an instance: " + why);
}

void Instance::must_start() {
  const std::string why = start();
  if (!why.empty()) fail("start failed, expected that it works: " + why);
}

void Instance::stop() {
  host_.set_stopping();
  if (type_.stop == nullptr) return;
  called("stop", [&] { return type_.stop(instance_), 0; });
}

void Instance::destroy() {
  called("destroy", [&] { return type_.destroy(std::exchange(instance_, nullptr)), 0; });
}

void Instance::collect(std::int64_t time) {
  core::CallError error;
  weir_status status = WEIR_OK;
  {
    core::Host::Staging staging(host_);
    status = called("collect", [&] { return type_.collect(instance_, time, &error); });
  }
  if (status != WEIR_OK) fail("collect failed, expected rows: " + reason("collect", error));
}

void Instance::process(const weir_batch* batch) {
  core::CallError error;
  weir_status status = WEIR_OK;
  {
    core::Host::Staging staging(host_);
    status = called("process", [&] { return type_.process(instance_, batch, &error); });
  }
  if (status != WEIR_OK) fail("process failed, expected WEIR_OK: " + reason("process", error));
}

weir_status Instance::write(const Batches& batches) {
  host_.rejections().clear();
  const auto end = Clock::now() + kWriteLimit;
  host_.write_begins(end);
  core::CallError error;
  const auto count = static_cast<std::uint32_t>(batches.size());
  const weir_status status =
      called("write", [&] { return type_.write(instance_, batches.data(), count, &error); });
  host_.write_ended();
  if (Clock::now() > end + kSlack) {
    fail("write returned more than " + std::to_string(kSlack.count()) + " s after its " +
         std::to_string(kWriteLimit.count()) + " s, expected that it keeps to time_left");
  }
  if (status != WEIR_OK && status != WEIR_RETRY && status != WEIR_REJECT && status != WEIR_ERROR) {
    fail("write returned " + std::to_string(status) +
         ", expected WEIR_OK, WEIR_RETRY, WEIR_REJECT or WEIR_ERROR");
  }
  if (status != WEIR_OK) reason("write", error);
  return status;
}

}  // namespace weir::cli::plugin_test_detail
