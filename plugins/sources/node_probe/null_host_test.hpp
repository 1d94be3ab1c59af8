// null_host_test.hpp - for tests and benchmarks: an agent that takes rows and throws them away. Its
// batches are kept and handed out again, so that whatever is allocated, the source allocates.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "weir_testing/agent.hpp"

namespace node_probe {

class NullHost {
 public:
  NullHost() : host_(*agent_.host()) {
    host_.agent = this;
    host_.measurement = [](const weir_host* h, const weir_measurement* wanted, weir_error* error) {
      const weir_host* inner = of(h).agent_.host();
      return inner->measurement(inner, wanted, error);
    };
    host_.series = [](const weir_host* h, const weir_measurement* m, const weir_string* values,
                      weir_error* error) {
      const weir_host* inner = of(h).agent_.host();
      return inner->series(inner, m, values, error);
    };
    host_.series_release = [](const weir_host* h, const weir_series* s) {
      const weir_host* inner = of(h).agent_.host();
      inner->series_release(inner, s);
    };
    host_.log = [](const weir_host*, weir_level, const char*, std::uint64_t) {};
    host_.batch = [](const weir_host* h, const weir_measurement* m, std::uint32_t rows) {
      return of(h).batch(m, rows);
    };
    host_.batch_validity = [](const weir_host*, weir_batch* b, std::uint32_t field) {
      Kept& kept = *reinterpret_cast<Kept*>(b->columns[0].reserved[0]);
      weir_column& column = b->columns[field];
      if (column.validity == nullptr) {
        column.validity = kept.validity[field].data();
        std::memset(column.validity, 0xff, kept.validity[field].size());
      }
      return column.validity;
    };
    host_.emit = [](const weir_host* h, weir_batch* b) {
      of(h).emitted_values += std::uint64_t{b->rows} * b->measurement->field_count;
      return give_back(b);
    };
    host_.discard = [](const weir_host*, weir_batch* b) { give_back(b); };
  }
  NullHost(const NullHost&) = delete;
  NullHost& operator=(const NullHost&) = delete;

  const weir_host* host() const { return &host_; }
  std::size_t live_series() const { return agent_.live_series(); }
  std::uint64_t emitted_values = 0;

 private:
  struct Kept {
    weir_batch batch{};
    bool in_use = false;
    std::vector<const weir_series*> series;
    std::vector<std::int64_t> times;
    std::vector<weir_column> columns;
    std::vector<std::vector<std::uint64_t>> values;
    std::vector<std::vector<std::uint8_t>> validity;
  };

  static NullHost& of(const weir_host* h) { return *static_cast<NullHost*>(h->agent); }

  static weir_status give_back(weir_batch* b) {
    reinterpret_cast<Kept*>(b->columns[0].reserved[0])->in_use = false;
    return WEIR_OK;
  }

  weir_batch* batch(const weir_measurement* m, std::uint32_t rows) {
    if (m->id >= kept_.size()) kept_.resize(m->id + 1);
    std::unique_ptr<Kept>& slot = kept_[m->id];
    if (slot == nullptr || slot->in_use || slot->batch.capacity < rows) {
      slot = std::make_unique<Kept>();
      slot->series.resize(rows);
      slot->times.resize(rows);
      slot->columns.resize(m->field_count);
      slot->values.assign(m->field_count, std::vector<std::uint64_t>(rows + 1));
      slot->validity.assign(m->field_count, std::vector<std::uint8_t>(rows / 8 + 1));
      slot->batch = {sizeof(weir_batch),   0, rows, 0, m, slot->series.data(), slot->times.data(),
                     slot->columns.data(), 0, 0,    0};
    }
    for (std::uint32_t f = 0; f < m->field_count; ++f) {
      slot->columns[f].validity = nullptr;
      slot->columns[f].v.u64 = slot->values[f].data();
    }
    slot->columns[0].reserved[0] = slot.get();
    slot->in_use = true;
    slot->batch.rows = 0;
    return &slot->batch;
  }

  weir::testing::Agent agent_;
  weir_host host_;
  std::vector<std::unique_ptr<Kept>> kept_;
};

}  // namespace node_probe
