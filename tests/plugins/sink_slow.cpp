// A sink whose writes take as long as told, whatever time they are given; or give up in time.
#include <thread>

#include "weir/weir.hpp"

namespace {

class Slow {
 public:
  struct Options {
    weir::Duration takes{};
    bool obeys = false;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("takes", &Options::takes, "How long a write takes.").def("1s").max("1h"),
          weir::option("obeys", &Options::obeys, "Gives up when its time is over.").def("false"),
      };
      return t;
    }
  };

  Slow(weir::Sink sink, const Options& options) : sink_(sink), options_(options) {}
  weir::Status write(std::span<const weir_batch* const>) {
    const weir::Duration time = options_.obeys ? sink_.time_left(options_.takes) : options_.takes;
    std::this_thread::sleep_for(time);
    return time < options_.takes ? weir::Status::retry("nobody answers in time")
                                 : weir::Status::ok();
  }

 private:
  weir::Sink sink_;
  const Options options_;
};

}  // namespace

WEIR_PLUGIN("slow", "1.0.0", weir::sink<Slow>("slow", "Takes its time, for tests."))
