// weir_host for one component. Nothing here throws into a plugin.
#include "core/plugin/host.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/config/fnv.hpp"
#include "core/plugin/calls.hpp"
#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

constexpr std::uint64_t kStagedBytesMax = 1u << 20;
constexpr std::uint64_t kLogBytesMax = 8u << 10;
constexpr std::size_t kRejectionReasonBytesMax = 256;

thread_local Host::Staging* t_staging = nullptr;

// Runs what may throw (std::bad_alloc, in practice); `failed` where it does.
template <class Body, class Result>
Result contained(weir_error* error, Result failed, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& e) {
    write_error(error, e.what());
    return failed;
  }
}

std::uint64_t hash_of(const std::string& hostname, const std::string& id) {
  Fnv hash;
  hash.bytes(hostname.data(), hostname.size());
  hash.byte('/');
  hash.bytes(id.data(), id.size());
  return hash.value();
}

// A batch as a chain of one.
Batch* chain_of(Batch* batch) {
  batch->chain_rows = batch->abi.rows;
  batch->chain_bytes = batch->bytes;
  return batch;
}

}  // namespace

const char* agent_version() { return WEIR_VERSION; }

Host::Host(Services& services, std::string id, StaticLabels labels, std::int64_t interval_ns)
    : services_(services),
      id_(std::move(id)),
      labels_(std::move(labels)),
      maker_{id_, ++services.users},
      source_hash_(hash_of(services.hostname, id_)),
      schedule_{sizeof(weir_schedule), 0, interval_ns},
      peer_(id_) {
  fill_abi();
}

Host::~Host() { services_.registry.leave(maker_.instance); }

void Host::succeed(const Host& before) {
  sequence_.store(before.sequence_.load());
  rows_emitted.store(before.rows_emitted.load());
  batches_emitted.store(before.batches_emitted.load());
  batches_malformed.store(before.batches_malformed.load());
}

Host::Staging::Staging(Host& host, Receipt* receipt)
    : host_(host), receipt_(receipt), outer_(std::exchange(t_staging, this)) {}
Host::Staging::~Staging() {
  t_staging = outer_;
  flush();
}

void Host::Staging::add(Batch* batch) {
  if (head_ == nullptr) {
    head_ = tail_ = chain_of(batch);
  } else {
    tail_->next = batch;
    tail_ = batch;
    head_->chain_rows += batch->abi.rows;
    head_->chain_bytes += batch->bytes;
  }
  if (head_->chain_bytes >= kStagedBytesMax) flush();
}

void Host::Staging::flush() {
  if (head_ == nullptr) return;
  tail_ = nullptr;
  if (receipt_ != nullptr) head_->receipt = receipt_->ref();
  host_.emit(std::exchange(head_, nullptr));
}

// Who made it, and as which.
void Host::stamp(Batch* batch) {
  batch->abi.source = source_hash_;
  batch->abi.epoch = static_cast<std::uint64_t>(services_.epoch);
  // A batch that was refused with WEIR_FULL and comes again keeps its number.
  if (batch->abi.sequence == 0) {
    batch->abi.sequence = sequence_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
}

// May wait for room. What has an interval is a source, and is not called as processors are.
void Host::emit(Batch* chain) {
  if (schedule_.interval != 0) return output_.emit(chain);
  const CallClock::Wait wait(call_);
  output_.emit(chain);
}

weir_status Host::hand_over(Batch* batch, bool wait) {
  const std::uint32_t rows = batch->abi.rows;
  if (rows == 0 || !well_formed(batch->abi)) {
    if (rows != 0) batches_malformed.fetch_add(1, std::memory_order_relaxed);
    release(batch);
    return rows == 0 ? WEIR_OK : WEIR_ERROR;
  }
  stamp(batch);
  if (!wait) {
    if (!output_.try_emit(chain_of(batch))) return WEIR_FULL;
  } else if (t_staging != nullptr && &t_staging->host() == this) {
    t_staging->add(batch);
  } else {
    emit(chain_of(batch));
  }
  rows_emitted.fetch_add(rows, std::memory_order_relaxed);
  batches_emitted.fetch_add(1, std::memory_order_relaxed);
  return WEIR_OK;
}

weir_status Host::hand_over(weir_batch* const* batches, std::uint32_t count, weir_settled settled,
                            void* context, std::uint64_t token) {
  std::uint64_t malformed = 0;
  for (std::uint32_t i = 0; i < count; ++i) malformed += well_formed(*batches[i]) ? 0 : 1;
  Batch* head = nullptr;
  Batch* tail = nullptr;
  std::uint64_t rows = 0, used = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Batch* batch = Batch::of(batches[i]);
    if (malformed != 0 || batch->abi.rows == 0) {
      release(batch);
      continue;
    }
    stamp(batch);
    rows += batch->abi.rows;
    ++used;
    if (head == nullptr) {
      head = tail = chain_of(batch);
      continue;
    }
    tail = tail->next = batch;
    head->chain_rows += batch->abi.rows;
    head->chain_bytes += batch->bytes;
  }
  if (malformed != 0) {
    batches_malformed.fetch_add(malformed, std::memory_order_relaxed);
    return WEIR_ERROR;
  }
  unsettled_.fetch_add(1, std::memory_order_relaxed);
  auto* receipt = new Receipt(settled, context, token, output_.reaches_required(), unsettled_);
  if (head != nullptr) {
    head->receipt = receipt->ref();
    output_.emit(head);
  }
  receipt->emitted();
  rows_emitted.fetch_add(rows, std::memory_order_relaxed);
  batches_emitted.fetch_add(used, std::memory_order_relaxed);
  return WEIR_OK;
}

std::chrono::nanoseconds Host::call_lasts() const {
  return call_.lasts(std::chrono::steady_clock::now()).value_or(std::chrono::nanoseconds(0));
}

std::optional<std::chrono::nanoseconds> Host::overdue() const {
  const auto now = std::chrono::steady_clock::now();
  const std::int64_t deadline = deadline_.load(std::memory_order_relaxed);
  if (deadline == 0) return call_.overdue(now);
  return std::chrono::nanoseconds(now.time_since_epoch().count() - deadline);
}

// Of the write under way, ns.
std::int64_t Host::time_left() const {
  const std::int64_t deadline = deadline_.load(std::memory_order_relaxed);
  if (deadline == 0) return std::numeric_limits<std::int64_t>::max();
  return std::min(deadline, end_.load(std::memory_order_relaxed)) -
         std::chrono::steady_clock::now().time_since_epoch().count();
}

// What host->extension answers.
const void* Host::extension(const char* id) {
  static constexpr weir_telemetry kTelemetry{
      sizeof(weir_telemetry), 0, [](const weir_host* host, weir_telemetry_row row, void* context) {
        of(host).services_.visit_telemetry(row, context);
      }};
  static constexpr weir_state kState{
      sizeof(weir_state), 0,
      [](const weir_host* h, weir_string peer) {
        contained(nullptr, 0, [&] { return of(h).peer_.connected({peer.data, peer.size}), 0; });
      },
      [](const weir_host* h, weir_string why) {
        contained(nullptr, 0, [&] { return of(h).peer_.disconnected({why.data, why.size}), 0; });
      },
      [](const weir_host* h, weir_string name, double value) {
        contained(nullptr, 0, [&] { return of(h).peer_.figure({name.data, name.size}, value), 0; });
      }};
  static constexpr weir_acknowledge kAcknowledge{
      sizeof(weir_acknowledge), 0,
      [](const weir_host* h, weir_batch* const* batches, std::uint32_t count, weir_settled settled,
         void* context,
         std::uint64_t token) { return of(h).hand_over(batches, count, settled, context, token); }};
  static constexpr weir_deadline kDeadline{sizeof(weir_deadline), 0,
                                           [](const weir_host* h) { return of(h).time_left(); }};
  const auto is = [id](const char* name) { return std::strcmp(id, name) == 0; };
  if (is(WEIR_EXT_TELEMETRY) && services_.visit_telemetry) return &kTelemetry;
  if (is(WEIR_EXT_SCHEDULE) && schedule_.interval > 0) return &schedule_;
  if (is(WEIR_EXT_STATE)) return &kState;
  if (is(WEIR_EXT_DEADLINE) && schedule_.interval == 0) return &kDeadline;
  if (is(WEIR_EXT_ACKNOWLEDGE) && schedule_.interval > 0) return &kAcknowledge;
  return nullptr;
}

void Host::fill_abi() {
  abi_.size = sizeof abi_;
  abi_.abi_major = WEIR_ABI_MAJOR;
  abi_.abi_minor = WEIR_ABI_MINOR;
  abi_.agent = this;
  abi_.component_id = id_.c_str();
  abi_.agent_version = agent_version();
  abi_.hostname = services_.hostname.c_str();
  abi_.data_dir = services_.data_dir.c_str();
  abi_.extension = [](const weir_host* h, const char* id) -> const void* {
    return of(h).extension(id);
  };
  abi_.log_enabled = [](const weir_host*, weir_level level) -> std::uint32_t {
    return log_enabled(level) ? 1 : 0;
  };
  abi_.log = [](const weir_host* h, weir_level level, const char* text, std::uint64_t size) {
    contained(nullptr, 0, [&] {
      log(level, of(h).id_, std::string_view(text, std::min(size, kLogBytesMax)));
      return 0;
    });
  };
  abi_.measurement = [](const weir_host* h, const weir_measurement* wanted, weir_error* error) {
    return contained(error, static_cast<const weir_measurement*>(nullptr), [&] {
      std::string why;
      const auto* m =
          of(h).services_.registry.measurement(*wanted, of(h).labels_, why, of(h).maker_);
      if (m == nullptr) write_error(error, why);
      return m;
    });
  };
  abi_.series = [](const weir_host* h, const weir_measurement* m, const weir_string* values,
                   weir_error* error) {
    return contained(error, static_cast<const weir_series*>(nullptr), [&] {
      std::string why;
      const auto* s =
          of(h).services_.registry.series(m, values, of(h).labels_, why, of(h).maker_.instance);
      if (s == nullptr) write_error(error, why);
      return s;
    });
  };
  abi_.series_release = [](const weir_host* h, const weir_series* s) {
    contained(nullptr, 0, [&] {
      of(h).services_.registry.release(s, of(h).maker_.instance);
      return 0;
    });
  };
  abi_.batch = [](const weir_host* h, const weir_measurement* m, std::uint32_t rows) {
    Batch* batch = of(h).services_.pools.here().acquire(m, rows);
    return batch == nullptr ? nullptr : &batch->abi;
  };
  abi_.batch_validity = [](const weir_host*, weir_batch* b, std::uint32_t field) {
    return make_validity(Batch::of(b), field);
  };
  abi_.batch_string = [](const weir_host*, weir_batch* b, std::uint32_t field, std::uint32_t row,
                         const char* data, std::uint64_t size) -> weir_status {
    return append_string(Batch::of(b), field, row, data, size) ? WEIR_OK : WEIR_ERROR;
  };
  abi_.discard = [](const weir_host*, weir_batch* b) { core::release(Batch::of(b)); };
  abi_.emit = [](const weir_host* h, weir_batch* b) { return of(h).hand_over(Batch::of(b), true); };
  abi_.try_emit = [](const weir_host* h, weir_batch* b) {
    return of(h).hand_over(Batch::of(b), false);
  };
  abi_.pass = [](const weir_host* h, const weir_batch* b) -> weir_status {
    Host& host = of(h);
    Batch* alias = host.services_.pools.here().alias(Batch::of(b));
    if (alias == nullptr) return WEIR_ERROR;
    host.rows_emitted.fetch_add(alias->abi.rows, std::memory_order_relaxed);
    host.batches_emitted.fetch_add(1, std::memory_order_relaxed);
    if (t_staging != nullptr && &t_staging->host() == &host) {
      t_staging->add(alias);
    } else {
      host.output_.emit(chain_of(alias));
    }
    return WEIR_OK;
  };
  abi_.retain = [](const weir_host*, const weir_batch* b) { core::hold(Batch::of(b)); };
  abi_.release = [](const weir_host*, const weir_batch* b) { core::unhold(Batch::of(b)); };
  abi_.reject = [](const weir_host* h, const weir_batch* b, std::uint32_t first, std::uint32_t rows,
                   const char* reason) {
    if (first >= b->rows) return;
    contained(nullptr, 0, [&] {
      of(h).rejections_.push_back({b, first, std::min(rows, b->rows - first),
                                   std::string(reason, strnlen(reason, kRejectionReasonBytesMax))});
      return 0;
    });
  };
  abi_.stopping = [](const weir_host* h) -> std::uint32_t {
    return of(h).stopping_.load(std::memory_order_relaxed) ? 1 : 0;
  };
}

}  // namespace weir::core
