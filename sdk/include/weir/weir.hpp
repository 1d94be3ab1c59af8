// weir/weir.hpp - a plain class plus one macro is a plugin.
//
//   class Clock {
//    public:
//     explicit Clock(weir::Source source)
//         : source_(source),
//           measurement_(source.measurement(
//               weir::Schema("clock", "The time.").gauge("seconds", "seconds", "Unix time."))),
//           series_(source.series(measurement_)) {}
//     void collect(weir::Time time) {
//       weir::Batch batch = source_.batch(measurement_, 1);
//       batch.set(0, batch.add(series_, time), static_cast<double>(time) / 1e9);
//       source_.emit(std::move(batch));
//     }
//    private: ...
//   };
//   WEIR_PLUGIN("clock", "1.0.0", weir::source<Clock>("clock", "Tells the time."))
//
// What a class has
//   constructor   (weir::Source | weir::Processor | weir::Sink, const Options&), or without
//                 Options where the class has none. Throws: std::exception, weir::OptionError.
//   Options       a nested struct with a static table(); see weir/options.hpp. Optional.
//   check         static void check(const Options&, weir::Problems&). Optional.
//   start, stop   void start(), void stop(). Optional.
//   collect       source: void collect(weir::Time). Not needed by a WEIR_PUSH source.
//   process       processor: void process(const weir_batch&).
//   write         sink: weir::Status write(std::span<const weir_batch* const>).
//   probe         weir::Finding probe(weir::Duration limit): whether the other side is there and
//                 lets it in, asked before `start`; weir/ext/probe.h. For what talks to a server
//                 or listens. A class without it has nobody to ask, unless it has an option `url`
//                 or `listen`: then the agent says that it cannot be asked.
// Threads, ownership and meaning are those of the functions of the same name in weir/abi.h.
// Exceptions are caught here and reported by the agent with the component's id.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/ext/probe.h"
#include "weir/host.hpp"
#include "weir/options.hpp"
#include "weir/rows.hpp"

namespace weir {

namespace detail {

struct NoOptions {
  static const OptionTable<NoOptions>& table() {
    static const OptionTable<NoOptions> none{};
    return none;
  }
};
template <class P>
struct options_of {
  using type = NoOptions;
};
template <class P>
requires requires { typename P::Options; }
struct options_of<P> {
  using type = typename P::Options;
  static_assert(
      Described<type>,
      "weir: the plugin's Options need `static const weir::OptionTable<Options>& table()`");
};
template <class P>
using OptionsOf = typename options_of<P>::type;

inline void write_error(weir_error* error, const char* text) {
  if (error == nullptr || error->capacity == 0) return;
  const std::size_t n = std::min<std::size_t>(std::strlen(text), error->capacity - 1);
  std::memcpy(error->message, text, n);
  error->message[n] = '\0';
}

// Runs `body`; nothing that it throws gets out.
template <class Body>
weir_status guarded(weir_error* error, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& e) {
    write_error(error, e.what());
  } catch (...) {
    write_error(error, "the plugin threw something that is not a std::exception");
  }
  return WEIR_ERROR;
}

template <class P, class Context>
concept Constructible = std::is_constructible_v < P,
        Context, const OptionsOf<P>
& > || std::is_constructible_v<P, Context>;
template <class P>
concept Collects = requires(P& p, Time t) {
  { p.collect(t) } -> std::same_as<void>;
};
template <class P>
concept Processes = requires(P& p, const weir_batch& b) {
  { p.process(b) } -> std::same_as<void>;
};
template <class P>
concept Writes = requires(P& p, std::span<const weir_batch* const> b) {
  { p.write(b) } -> std::same_as<Status>;
};
template <class P>
concept Checks = requires(const OptionsOf<P>& o, Problems& problems) {
  P::check(o, problems);
};
template <class P>
concept Starts = requires(P& p) {
  p.start();
};
template <class P>
concept Stops = requires(P& p) {
  p.stop();
};
template <class P>
concept Probes = requires(P& p, Duration limit) {
  { p.probe(limit) } -> std::same_as<Finding>;
};

// A member of that name which does not fit would be ignored in silence: it is a mistake.
template <class P>
concept NamesCollect = requires {
  &P::collect;
};
template <class P>
concept NamesCheck = requires {
  &P::check;
};
template <class P>
concept NamesStart = requires {
  &P::start;
};
template <class P>
concept NamesStop = requires {
  &P::stop;
};
template <class P>
concept NamesProbe = requires {
  &P::probe;
};
template <class P>
constexpr void refuse_misfits() {
  static_assert(!NamesCheck<P> || Checks<P>,
                "weir: check must be `static void check(const Options&, weir::Problems&)`");
  static_assert(!NamesStart<P> || Starts<P>, "weir: start must be `void start()`");
  static_assert(!NamesStop<P> || Stops<P>, "weir: stop must be `void stop()`");
  static_assert(!NamesProbe<P> || Probes<P>,
                "weir: probe must be `weir::Finding probe(weir::Duration)`");
}

inline void write_text(char* out, std::size_t capacity, const std::string& text) {
  if (capacity > 0) out[text.copy(out, capacity - 1)] = '\0';
}

template <class P>
weir_status probe(void* instance, std::int64_t limit, char* found, std::uint32_t capacity,
                  weir_error* error) noexcept {
  return guarded(error, [&]() -> weir_status {
    const Finding finding = static_cast<P*>(instance)->probe(Duration(limit));
    if (finding.code() == WEIR_OK) {
      write_text(found, capacity, finding.text());
    } else {
      write_error(error, finding.text().c_str());
    }
    return finding.code();
  });
}

// Names that options which lead to somebody else have by agreement.
template <class P>
bool leads_elsewhere() {
  const auto& table = OptionsOf<P>::table();
  return std::any_of(table.data(), table.data() + table.size(), [](const weir_option* o) {
    return std::string_view(o->name) == "url" || std::string_view(o->name) == "listen";
  });
}

template <class P>
const void* extension(void*, const char* id) noexcept {
  if (std::string_view(id) != WEIR_EXT_PROBE) return nullptr;
  if constexpr (Probes<P>) {
    static constexpr weir_probe kProbe{sizeof(weir_probe), 0, probe<P>};
    return &kProbe;
  } else {
    static constexpr weir_probe kNobody{sizeof(weir_probe), 0, nullptr};
    return leads_elsewhere<P>() ? nullptr : &kNobody;
  }
}

template <class P, class Context>
weir_status create(const weir_host* host, const weir_value* values, void** instance,
                   weir_error* error) noexcept {
  return guarded(error, [&]() -> weir_status {
    try {
      if constexpr (std::is_constructible_v<P, Context, const OptionsOf<P>&>) {
        OptionsOf<P> options{};
        OptionsOf<P>::table().read(options, *values);
        *instance = new P(Context(host), options);
      } else {
        *instance = new P(Context(host));
      }
      return WEIR_OK;
    } catch (const OptionError& e) {
      write_error(error, e.what());
      if (error != nullptr) error->at = find_value(values, e.path());
      return WEIR_CONFIG;
    }
  });
}

template <class P, class Context>
weir_component_type make_type(weir_kind kind, const char* name, const char* summary,
                              std::uint32_t flags) {
  static_assert(Constructible<P, Context>,
                "weir: the plugin needs a constructor (weir::Source|Processor|Sink, const "
                "Options&), or without Options");
  refuse_misfits<P>();
  weir_component_type t{};
  t.size = sizeof t;
  t.kind = kind;
  t.flags = flags;
  t.name = name;
  t.summary = summary;
  t.options = OptionsOf<P>::table().data();
  t.option_count = OptionsOf<P>::table().size();
  if constexpr (Checks<P>) {
    t.check = [](const weir_value* values, weir_report report, void* context) {
      char text[1024] = "";
      weir_error error{sizeof error, sizeof text, text, nullptr};
      const weir_status status = guarded(&error, [&] {
        OptionsOf<P> options{};
        OptionsOf<P>::table().read(options, *values);
        Problems problems(report, context);
        P::check(options, problems);
        return WEIR_OK;
      });
      if (status != WEIR_OK) report(context, nullptr, text);
    };
  }
  t.create = create<P, Context>;
  if constexpr (Starts<P>) {
    t.start = [](void* p, weir_error* error) {
      return guarded(error, [&] {
        static_cast<P*>(p)->start();
        return WEIR_OK;
      });
    };
  }
  if constexpr (Stops<P>) {
    t.stop = [](void* p) {
      guarded(nullptr, [&] {
        static_cast<P*>(p)->stop();
        return WEIR_OK;
      });
    };
  }
  t.destroy = [](void* p) {
    guarded(nullptr, [&] {
      delete static_cast<P*>(p);
      return WEIR_OK;
    });
  };
  t.extension = extension<P>;
  return t;
}

// `type` for ever: one class may make several types, told apart by their names. Any thread.
inline const weir_component_type* keep(const weir_component_type& type) {
  static std::mutex mutex;
  static auto& kept = *new std::list<weir_component_type>;  // outlives whoever uses a type
  const std::lock_guard lock(mutex);
  for (const weir_component_type& t : kept) {
    if (t.create == type.create && std::string_view(t.name) == type.name) return &t;
  }
  return &kept.emplace_back(type);
}

template <class List>
const weir_plugin* open(const char* name, const char* version, weir_error* error,
                        List list) noexcept {
  const weir_plugin* result = nullptr;
  guarded(error, [&] {
    static const std::vector<const weir_component_type*> types = list();
    static const weir_plugin plugin{sizeof(weir_plugin),
                                    WEIR_ABI_MAJOR,
                                    WEIR_ABI_MINOR,
                                    name,
                                    version,
                                    static_cast<std::uint32_t>(types.size()),
                                    0,
                                    types.data()};
    result = &plugin;
    return WEIR_OK;
  });
  return result;
}

}  // namespace detail

// A type of component that the class P makes. `name` is what `type:` says.
template <class P>
const weir_component_type* source(const char* name, const char* summary, std::uint32_t flags = 0) {
  weir_component_type t = detail::make_type<P, Source>(WEIR_SOURCE, name, summary, flags);
  if constexpr (detail::Collects<P>) {
    t.collect = [](void* p, std::int64_t time, weir_error* error) {
      return detail::guarded(error, [&] {
        static_cast<P*>(p)->collect(time);
        return WEIR_OK;
      });
    };
  } else {
    static_assert(detail::Starts<P> && !detail::NamesCollect<P>,
                  "weir: a source needs `void collect(weir::Time)`, or, to push, `void start()`");
  }
  return detail::keep(t);
}

template <class P>
const weir_component_type* processor(const char* name, const char* summary,
                                     std::uint32_t flags = 0) {
  static_assert(detail::Processes<P>, "weir: a processor needs `void process(const weir_batch&)`");
  weir_component_type t = detail::make_type<P, Processor>(WEIR_PROCESSOR, name, summary, flags);
  t.process = [](void* p, const weir_batch* batch, weir_error* error) {
    return detail::guarded(error, [&] {
      static_cast<P*>(p)->process(*batch);
      return WEIR_OK;
    });
  };
  return detail::keep(t);
}

template <class P>
const weir_component_type* sink(const char* name, const char* summary, std::uint32_t flags = 0) {
  static_assert(detail::Writes<P>,
                "weir: a sink needs `weir::Status write(std::span<const weir_batch* const>)`");
  weir_component_type t = detail::make_type<P, Sink>(WEIR_SINK, name, summary, flags);
  t.write = [](void* p, const weir_batch* const* batches, std::uint32_t count, weir_error* error) {
    return detail::guarded(error, [&] {
      const Status status = static_cast<P*>(p)->write(std::span(batches, count));
      if (status.code() != WEIR_OK) detail::write_error(error, status.why().c_str());
      return status.code();
    });
  };
  return detail::keep(t);
}

}  // namespace weir

// The plugin's one exported symbol. Types: weir::source<...>(...), processor, sink.
#define WEIR_PLUGIN(NAME, VERSION, ...)                                                    \
  extern "C" WEIR_EXPORT const weir_plugin* weir_plugin_open(std::uint32_t, std::uint32_t, \
                                                             weir_error* error) {          \
    return weir::detail::open(NAME, VERSION, error, [] {                                   \
      return std::vector<const weir_component_type*>{__VA_ARGS__};                         \
    });                                                                                    \
  }
