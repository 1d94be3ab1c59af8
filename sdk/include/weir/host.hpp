// weir/host.hpp - what a component may ask of the agent, by kind of component.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/ext/acknowledge.h"
#include "weir/ext/deadline.h"
#include "weir/ext/schedule.h"
#include "weir/ext/state.h"
#include "weir/rows.hpp"

namespace weir {

namespace detail {
// A buffer for weir_error, and the exception made of it.
class ErrorText {
 public:
  weir_error* get() { return &error_; }
  const char* text() const { return text_.data(); }

 private:
  std::array<char, 1024> text_{};
  weir_error error_{sizeof(weir_error), static_cast<std::uint32_t>(text_.size()), text_.data(),
                    nullptr};
};
}  // namespace detail

// Common to all kinds. Cheap to copy; valid until the component is destroyed. Any thread.
class Host {
 public:
  explicit Host(const weir_host* host) : host_(host) {}

  const char* id() const { return host_->component_id; }
  const char* hostname() const { return host_->hostname; }
  const char* data_dir() const { return host_->data_dir; }
  const char* agent_version() const { return host_->agent_version; }
  bool stopping() const { return host_->stopping(host_) != 0; }
  const weir_host* abi() const { return host_; }

  void debug(std::string_view text) const { log(WEIR_LOG_DEBUG, text); }
  void info(std::string_view text) const { log(WEIR_LOG_INFO, text); }
  void warn(std::string_view text) const { log(WEIR_LOG_WARN, text); }
  void error(std::string_view text) const { log(WEIR_LOG_ERROR, text); }
  void log(weir_level level, std::string_view text) const {
    host_->log(host_, level, text.data(), text.size());
  }

  // The other side, for logs and telemetry (weir/ext/state.h). An agent without that extension
  // does not hear it.
  void connected(std::string_view peer) const {
    if (const auto* state = extension<weir_state>(WEIR_EXT_STATE)) {
      state->connected(host_, abi_string(peer));
    }
  }
  void disconnected(std::string_view why) const {
    if (const auto* state = extension<weir_state>(WEIR_EXT_STATE)) {
      state->disconnected(host_, abi_string(why));
    }
  }
  void figure(std::string_view name, double value) const {
    if (const auto* state = extension<weir_state>(WEIR_EXT_STATE)) {
      state->figure(host_, abi_string(name), value);
    }
  }

  // The extension's struct, or nullptr where this agent has none.
  template <class T>
  const T* extension(const char* id) const {
    return static_cast<const T*>(host_->extension(host_, id));
  }

 protected:
  const weir_host* host_;
};

// What sources and processors add: rows.
class Source : public Host {
 public:
  using Host::Host;

  // ns between two collections (weir/ext/schedule.h); 0 where the agent does not say.
  Time interval() const {
    const auto* schedule = extension<weir_schedule>(WEIR_EXT_SCHEDULE);
    return schedule == nullptr ? 0 : schedule->interval;
  }

  // Throws std::invalid_argument where the schema breaks a rule.
  const weir_measurement* measurement(const Schema& schema) const {
    return schema.with_abi([&](const weir_measurement& m) { return measurement(m); });
  }
  const weir_measurement* measurement(const weir_measurement& wanted) const {
    detail::ErrorText error;
    const weir_measurement* m = host_->measurement(host_, &wanted, error.get());
    if (m == nullptr) throw std::invalid_argument(error.text());
    return m;
  }

  // Interns a series; keep the pointer. Throws std::length_error at the agent's limits.
  const weir_series* series(const weir_measurement* m, std::span<const weir_string> values) const {
    detail::ErrorText error;
    const weir_series* s = host_->series(host_, m, values.data(), error.get());
    if (s == nullptr) throw std::length_error(error.text());
    return s;
  }
  const weir_series* series(const weir_measurement* m,
                            std::initializer_list<std::string_view> values = {}) const {
    std::array<weir_string, 64> strings{};
    std::size_t n = 0;
    for (std::string_view v : values) strings.at(n++) = abi_string(v);
    return series(m, std::span<const weir_string>(strings.data(), n));
  }
  void release(const weir_series* s) const { host_->series_release(host_, s); }

  Batch batch(const weir_measurement* m, std::uint32_t rows) const { return {host_, m, rows}; }
  void emit(Batch batch) const {
    if (host_->emit(host_, batch.release()) != WEIR_OK) {
      throw std::logic_error("weir: the agent refused a malformed batch");
    }
  }
  // As one, and to be told what became of them (weir/ext/acknowledge.h). `batches` is empty
  // afterwards. Throws std::runtime_error where the agent cannot tell.
  void emit(std::vector<Batch>& batches, weir_settled settled, void* context,
            std::uint64_t token) const {
    const auto* acknowledge = extension<weir_acknowledge>(WEIR_EXT_ACKNOWLEDGE);
    if (acknowledge == nullptr) {
      throw std::runtime_error("this agent (" + std::string(agent_version()) +
                               ") has no " WEIR_EXT_ACKNOWLEDGE);
    }
    std::vector<weir_batch*> raw;
    raw.reserve(batches.size());
    for (Batch& batch : batches) raw.push_back(batch.release());
    batches.clear();
    if (acknowledge->emit(host_, raw.data(), static_cast<std::uint32_t>(raw.size()), settled,
                          context, token) != WEIR_OK) {
      throw std::logic_error("weir: the agent refused a malformed batch");
    }
  }
  // False: a consumer has no room; the batch stays with the caller.
  bool try_emit(Batch& batch) const {
    weir_batch* raw = batch.get();
    if (host_->try_emit(host_, raw) == WEIR_FULL) return false;
    batch.release();
    return true;
  }
};

class Processor : public Source {
 public:
  using Source::Source;
  void pass(const weir_batch& batch) const { host_->pass(host_, &batch); }
  void retain(const weir_batch& batch) const { host_->retain(host_, &batch); }
  void release(const weir_batch& batch) const { host_->release(host_, &batch); }
  using Source::release;
};

class Sink : public Host {
 public:
  using Host::Host;
  void reject(const weir_batch& batch, std::uint32_t row, const char* reason) const {
    host_->reject(host_, &batch, row, 1, reason);
  }
  void reject_all(const weir_batch& batch, const char* reason) const {
    host_->reject(host_, &batch, 0, batch.rows, reason);
  }
  void retain(const weir_batch& batch) const { host_->retain(host_, &batch); }
  void release(const weir_batch& batch) const { host_->release(host_, &batch); }
  // What the write under way has left (weir/ext/deadline.h), at most `most`; 0 when it is over.
  std::chrono::nanoseconds time_left(std::chrono::nanoseconds most) const {
    const auto* deadline = extension<weir_deadline>(WEIR_EXT_DEADLINE);
    if (deadline == nullptr) return most;
    const std::chrono::nanoseconds left(deadline->time_left(host_));
    return std::clamp(left, std::chrono::nanoseconds(0), most);
  }
};

// What a sink's write came to.
class Status {
 public:
  static Status ok() { return {WEIR_OK, ""}; }
  static Status retry(std::string why) { return {WEIR_RETRY, std::move(why)}; }
  static Status reject(std::string why) { return {WEIR_REJECT, std::move(why)}; }
  weir_status code() const { return code_; }
  const std::string& why() const { return why_; }

 private:
  Status(weir_status code, std::string why) : code_(code), why_(std::move(why)) {}
  weir_status code_;
  std::string why_;
};

// What a probe came to (weir/ext/probe.h).
class Finding {
 public:
  // `what` answers; empty: what `connected` was told.
  static Finding ok(std::string what = "") { return {WEIR_OK, std::move(what)}; }
  static Finding failed(std::string why) { return {WEIR_ERROR, std::move(why)}; }
  // By some process, perhaps the agent itself.
  static Finding taken(std::string why) { return {WEIR_FULL, std::move(why)}; }
  weir_status code() const { return code_; }
  const std::string& text() const { return text_; }

 private:
  Finding(weir_status code, std::string text) : code_(code), text_(std::move(text)) {}
  weir_status code_;
  std::string text_;
};

}  // namespace weir
