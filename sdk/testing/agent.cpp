// An agent in memory for tests of components. Everything is under one lock; nothing is reused.
#include "weir_testing/agent.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

namespace weir::testing {

namespace {

struct OwnedMeasurement {
  weir_measurement abi{};
  std::deque<std::string> strings;
  std::deque<std::vector<double>> bounds;
  std::deque<weir_field> fields;
  std::vector<const weir_field*> field_pointers;
  std::vector<const char*> labels;

  const char* keep(const char* s) { return s ? strings.emplace_back(s).c_str() : nullptr; }
};

struct OwnedSeries {
  weir_series abi{};
  std::vector<std::string> values;
  std::vector<weir_string> strings;
  std::size_t uses = 0;
};

struct OwnedBatch {
  weir_batch abi{};
  std::vector<const weir_series*> series;
  std::vector<Time> times;
  std::vector<weir_column> columns;
  std::vector<std::vector<std::uint64_t>> storage;
  std::vector<std::vector<std::uint8_t>> validity;
  std::vector<std::string> bytes;
};

std::string number(double v) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

std::string value_text(const weir_field& field, const weir_column& c, std::uint32_t row) {
  if (!has_value(c, row)) return "null";
  switch (field.type) {
    case WEIR_F64: return number(c.v.f64[row]);
    case WEIR_I64: return std::to_string(c.v.i64[row]);
    case WEIR_U64: return std::to_string(c.v.u64[row]);
    case WEIR_BOOL: return bit(c.v.bits, row) ? "true" : "false";
    case WEIR_STRING: return std::string(string_at(c, row));
    default: break;
  }
  std::string text = "[";
  for (std::uint32_t b = 0; b <= field.bound_count; ++b) {
    text += std::to_string(c.v.buckets[row * (field.bound_count + 1) + b]) + " ";
  }
  return text + "sum " + number(c.sums[row]) + " count " + std::to_string(c.counts[row]) + "]";
}

}  // namespace

struct Agent::Impl {
  mutable std::mutex mutex;
  weir_host host{};
  std::deque<OwnedMeasurement> measurements;
  std::deque<OwnedSeries> series;
  std::unordered_multimap<std::uint64_t, OwnedSeries*> by_hash;
  std::map<weir_batch*, std::unique_ptr<OwnedBatch>> batches;
  std::vector<weir_batch*> emitted;
  std::vector<Rejection> rejections;
  std::vector<LogLine> log;
  std::map<std::string, const void*> extensions;
  std::size_t retains = 0;
  std::uint64_t sequence = 0;
  bool full = false;
  bool stopping = false;

  static Impl& of(const weir_host* h) { return *static_cast<Impl*>(h->agent); }

  const weir_measurement* measurement(const weir_measurement* w) {
    const std::lock_guard lock(mutex);
    for (const auto& m : measurements) {
      if (same(m.abi, *w)) return &m.abi;
    }
    OwnedMeasurement& m = measurements.emplace_back();
    for (std::uint32_t i = 0; i < w->field_count; ++i) {
      weir_field f = *w->fields[i];
      f.name = m.keep(f.name);
      f.unit = m.keep(f.unit);
      f.help = m.keep(f.help);
      f.flat_name = m.keep(f.flat_name);
      f.bounds = m.bounds.emplace_back(f.bounds, f.bounds + f.bound_count).data();
      m.field_pointers.push_back(&m.fields.emplace_back(f));
    }
    for (std::uint32_t i = 0; i < w->label_count; ++i) m.labels.push_back(m.keep(w->labels[i]));
    m.abi = {sizeof(weir_measurement), static_cast<std::uint32_t>(measurements.size() - 1),
             w->field_count,           w->label_count,
             m.keep(w->name),          m.keep(w->help),
             m.field_pointers.data(),  m.labels.data()};
    return &m.abi;
  }

  static bool same(const weir_measurement& a, const weir_measurement& b) {
    if (std::strcmp(a.name, b.name) != 0 || a.field_count != b.field_count ||
        a.label_count != b.label_count) {
      return false;
    }
    for (std::uint32_t i = 0; i < a.field_count; ++i) {
      if (std::strcmp(a.fields[i]->name, b.fields[i]->name) != 0) return false;
    }
    for (std::uint32_t i = 0; i < a.label_count; ++i) {
      if (std::strcmp(a.labels[i], b.labels[i]) != 0) return false;
    }
    return true;
  }

  const weir_series* intern(const weir_measurement* m, const weir_string* values) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> wanted;
    std::uint64_t hash = 14695981039346656037u;
    const auto mix = [&](std::string_view text) {
      for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    };
    mix(m->name);
    for (std::uint32_t i = 0; i < m->label_count; ++i) mix(wanted.emplace_back(view(values[i])));
    for (auto [at, end] = by_hash.equal_range(hash); at != end; ++at) {
      OwnedSeries& known = *at->second;
      if (known.abi.measurement == m && known.values == wanted) {
        ++known.uses;
        return &known.abi;
      }
    }
    OwnedSeries& s = series.emplace_back();
    by_hash.emplace(hash, &s);
    s.values = std::move(wanted);
    s.uses = 1;
    for (const auto& v : s.values) s.strings.push_back(abi_string(v));
    s.abi = {sizeof(weir_series), static_cast<std::uint32_t>(series.size() - 1), 1, 0, hash, m,
             s.strings.data()};
    return &s.abi;
  }

  weir_batch* batch(const weir_measurement* m, std::uint32_t rows) {
    auto owned = std::make_unique<OwnedBatch>();
    owned->series.resize(rows);
    owned->times.resize(rows);
    owned->columns.resize(m->field_count);
    owned->storage.resize(std::size_t{m->field_count} * 3);
    owned->validity.resize(m->field_count);
    owned->bytes.resize(m->field_count);
    for (std::uint32_t i = 0; i < m->field_count; ++i) {
      const std::size_t width =
          m->fields[i]->type == WEIR_HISTOGRAM ? m->fields[i]->bound_count + 1 : 1;
      owned->storage[i * 3].resize(rows * width + 1);
      owned->columns[i].v.u64 = owned->storage[i * 3].data();
      if (m->fields[i]->type == WEIR_HISTOGRAM) {
        owned->storage[i * 3 + 1].resize(rows);
        owned->storage[i * 3 + 2].resize(rows);
        owned->columns[i].sums = reinterpret_cast<double*>(owned->storage[i * 3 + 1].data());
        owned->columns[i].counts = owned->storage[i * 3 + 2].data();
      }
    }
    owned->abi = {sizeof(weir_batch),    0, rows, 0, m, owned->series.data(), owned->times.data(),
                  owned->columns.data(), 0, 0,    0};
    weir_batch* result = &owned->abi;
    const std::lock_guard lock(mutex);
    batches.emplace(result, std::move(owned));
    return result;
  }

  std::uint8_t* validity(weir_batch* b, std::uint32_t field) {
    const std::lock_guard lock(mutex);
    auto& bitmap = batches.at(b)->validity[field];
    if (bitmap.empty()) bitmap.assign((b->capacity + 7) / 8, 0xff);
    return b->columns[field].validity = bitmap.data();
  }

  weir_status string(weir_batch* b, std::uint32_t field, std::uint32_t row, const char* data,
                     std::uint64_t size) {
    const std::lock_guard lock(mutex);
    std::string& bytes = batches.at(b)->bytes[field];
    if (row == 0) bytes.clear();
    bytes.append(data, size);
    weir_column& c = b->columns[field];
    c.v.offsets[0] = 0;
    c.v.offsets[row + 1] = static_cast<std::int32_t>(bytes.size());
    c.bytes = bytes.data();
    return WEIR_OK;
  }

  weir_status emit(weir_batch* b) {
    const std::lock_guard lock(mutex);
    bool good = b->rows <= b->capacity;
    for (std::uint32_t i = 0; good && i < b->rows; ++i) good = b->series[i] != nullptr;
    if (!good || b->rows == 0) {
      batches.erase(b);
      return good ? WEIR_OK : WEIR_ERROR;
    }
    b->sequence = ++sequence;
    b->source = 1;
    b->epoch = 1;
    emitted.push_back(b);
    return WEIR_OK;
  }
};

Agent::Agent() : impl_(std::make_unique<Impl>()) {
  weir_host& h = impl_->host;
  h.size = sizeof h;
  h.abi_major = WEIR_ABI_MAJOR;
  h.abi_minor = WEIR_ABI_MINOR;
  h.agent = impl_.get();
  h.component_id = "under_test";
  h.agent_version = "0.0.0-test";
  h.hostname = "testhost";
  h.data_dir = "/nonexistent";
  h.extension = [](const weir_host* host, const char* id) -> const void* {
    const auto& all = Impl::of(host).extensions;
    const auto found = all.find(id);
    return found == all.end() ? nullptr : found->second;
  };
  h.log_enabled = [](const weir_host*, weir_level) -> std::uint32_t { return 1; };
  h.log = [](const weir_host* host, weir_level level, const char* text, std::uint64_t size) {
    Impl& impl = Impl::of(host);
    const std::lock_guard lock(impl.mutex);
    impl.log.push_back({level, std::string(text, size)});
  };
  h.measurement = [](const weir_host* host, const weir_measurement* w, weir_error*) {
    return Impl::of(host).measurement(w);
  };
  h.series = [](const weir_host* host, const weir_measurement* m, const weir_string* values,
                weir_error*) { return Impl::of(host).intern(m, values); };
  h.series_release = [](const weir_host* host, const weir_series* s) {
    Impl& impl = Impl::of(host);
    const std::lock_guard lock(impl.mutex);
    --impl.series.at(s->index).uses;
  };
  h.batch = [](const weir_host* host, const weir_measurement* m, std::uint32_t rows) {
    return Impl::of(host).batch(m, rows);
  };
  h.batch_validity = [](const weir_host* host, weir_batch* b, std::uint32_t field) {
    return Impl::of(host).validity(b, field);
  };
  h.batch_string = [](const weir_host* host, weir_batch* b, std::uint32_t field, std::uint32_t row,
                      const char* data, std::uint64_t size) {
    return Impl::of(host).string(b, field, row, data, size);
  };
  h.discard = [](const weir_host* host, weir_batch* b) {
    Impl& impl = Impl::of(host);
    const std::lock_guard lock(impl.mutex);
    impl.batches.erase(b);
  };
  h.emit = [](const weir_host* host, weir_batch* b) { return Impl::of(host).emit(b); };
  h.try_emit = [](const weir_host* host, weir_batch* b) {
    Impl& impl = Impl::of(host);
    {
      const std::lock_guard lock(impl.mutex);
      if (impl.full) return weir_status{WEIR_FULL};
    }
    return impl.emit(b);
  };
  h.pass = [](const weir_host* host, const weir_batch* b) {
    Impl& impl = Impl::of(host);
    const std::lock_guard lock(impl.mutex);
    impl.emitted.push_back(const_cast<weir_batch*>(b));
    return weir_status{WEIR_OK};
  };
  h.retain = [](const weir_host* host, const weir_batch*) {
    const std::lock_guard lock(Impl::of(host).mutex);
    ++Impl::of(host).retains;
  };
  h.release = [](const weir_host* host, const weir_batch*) {
    const std::lock_guard lock(Impl::of(host).mutex);
    --Impl::of(host).retains;
  };
  h.reject = [](const weir_host* host, const weir_batch* b, std::uint32_t first, std::uint32_t rows,
                const char* reason) {
    Impl& impl = Impl::of(host);
    const std::lock_guard lock(impl.mutex);
    impl.rejections.push_back({b, first, rows, reason});
  };
  h.stopping = [](const weir_host* host) -> std::uint32_t {
    const std::lock_guard lock(Impl::of(host).mutex);
    return Impl::of(host).stopping ? 1 : 0;
  };
}

Agent::~Agent() = default;

const weir_host* Agent::host() const { return &impl_->host; }
const std::vector<weir_batch*>& Agent::emitted() const { return impl_->emitted; }
const std::vector<Agent::Rejection>& Agent::rejections() const { return impl_->rejections; }
const std::vector<Agent::LogLine>& Agent::log() const { return impl_->log; }

void Agent::clear() {
  const std::lock_guard lock(impl_->mutex);
  for (weir_batch* b : impl_->emitted) impl_->batches.erase(b);
  impl_->emitted.clear();
}

std::vector<std::string> Agent::lines(const std::string& measurement) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> result;
  for (const weir_batch* b : impl_->emitted) {
    const weir_measurement& m = *b->measurement;
    if (m.name != measurement) continue;
    for (std::uint32_t row = 0; row < b->rows; ++row) {
      std::string line;
      for (std::uint32_t i = 0; i < m.label_count; ++i) {
        line += (i ? "," : "") + std::string(m.labels[i]) + "=" +
                std::string(view(b->series[row]->label_values[i]));
      }
      if (!line.empty()) line += ' ';
      for (std::uint32_t i = 0; i < m.field_count; ++i) {
        line += (i ? "," : "") + std::string(m.fields[i]->name) + "=" +
                value_text(*m.fields[i], b->columns[i], row);
      }
      result.push_back(line + " " + std::to_string(b->times[row]));
    }
  }
  return result;
}

void Agent::set_full(bool full) {
  const std::lock_guard lock(impl_->mutex);
  impl_->full = full;
}
void Agent::set_stopping(bool stopping) {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopping = stopping;
}
void Agent::set_extension(std::string id, const void* extension) {
  const std::lock_guard lock(impl_->mutex);
  impl_->extensions[std::move(id)] = extension;
}
std::size_t Agent::live_series() const {
  const std::lock_guard lock(impl_->mutex);
  std::size_t n = 0;
  for (const auto& s : impl_->series) n += s.uses;
  return n;
}
std::size_t Agent::live_retains() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->retains;
}

}  // namespace weir::testing
