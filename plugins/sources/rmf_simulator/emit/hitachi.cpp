// hitachi.cpp - the storage system behind a CPC, by Hitachi's terms: LDEVs, cache logical
// partitions (CLPR), microprocessor blades (MPB) and mainframe ports. Not what the documented names
// CLPR and MPB stand for.
#include "emit/report.hpp"
#include "emit/schema.hpp"

namespace rmf {

namespace {

using weir::Schema;

constexpr std::size_t kBlades = 4, kSystemPorts = 8, kPartitions = 2;
constexpr std::array<const char*, kSystemPorts> kPortNames{"CL1-A", "CL2-A", "CL1-B", "CL2-B",
                                                           "CL1-C", "CL2-C", "CL1-D", "CL2-D"};
// Of one system: what its ports and blades carry at 100 %.
constexpr double kPortBytesS = 1600e6;
constexpr double kBladeRequestsS = 120e3;

std::string ldev_id(std::size_t number) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string text = "00:00";
  text[0] = kHex[number >> 12 & 15];
  text[1] = kHex[number >> 8 & 15];
  text[3] = kHex[number >> 4 & 15];
  text[4] = kHex[number & 15];
  return text;
}

class HitachiReport : public ReportWriter {
 public:
  explicit HitachiReport(const ReportContext& c)
      : ldev_(c.source, Schema("hitachi_ldev", "Logical devices of a storage system.")
                            .label("storage")
                            .label("ldev")
                            .label("sysplex")
                            .label("lpar")
                            .label("device_id")
                            .gauge("random_read_rate", "", "Random reads a second.")
                            .gauge("sequential_read_rate", "", "Sequential reads a second.")
                            .gauge("fast_write_rate", "", "Writes a second, all to the cache.")
                            .gauge("read_hit_rate", "", "Reads a second that the cache answered.")
                            .gauge("response_time_seconds", "seconds",
                                   "Response time as the storage system sees it.")
                            .gauge("bytes_per_second", "", "Bytes a second, both directions.")),
        clpr_(c.source,
              Schema("hitachi_clpr", "Cache logical partitions.")
                  .label("storage")
                  .label("clpr")
                  .gauge("cache_usage_percent", "percent", "Cache in use.")
                  .gauge("write_pending_percent", "percent",
                         "Cache that holds data not yet on its drives: above 30 destaged faster, "
                         "above 50 writes are slowed down, from 70 on they wait.")
                  .gauge("side_file_percent", "percent", "Cache held by the mirrored copy.")),
        mpb_(c.source,
             Schema("hitachi_mpb", "Microprocessor blades.")
                 .label("storage")
                 .label("mpb")
                 .gauge("busy_percent", "percent", "Busy share of the blade's processors.")
                 .gauge("mainframe_percent", "percent", "Processors' time for mainframe requests.")
                 .gauge("open_percent", "percent", "Processors' time for open systems.")
                 .gauge("back_end_percent", "percent", "Processors' time for drives.")),
        port_(c.source,
              Schema("hitachi_port", "Mainframe ports.")
                  .label("storage")
                  .label("port")
                  .gauge("io_rate", "", "Requests a second.")
                  .gauge("bytes_per_second", "", "Bytes a second, both directions.")
                  .gauge("response_time_seconds", "seconds",
                         "Average response time of the port's requests.")
                  .gauge("connect_time_seconds", "seconds", "Connected part of the response time.")
                  .gauge("disconnect_time_seconds", "seconds",
                         "Disconnected part of the response time.")
                  .gauge("busy_percent", "percent", "Busy share of the port's bandwidth.")) {
    for (const Cpc& cpc : c.cpcs) {
      const std::string storage = "VSP-" + cpc.config().name;
      const auto noise = [&](std::size_t number, Time period) {
        return Noise(stream(c.seed, Stream::kUnit, hash_of(cpc.config().name), number), period);
      };
      for (std::size_t i = 0; i < kPartitions; ++i) {
        clpr_.add({storage, "CLPR" + std::to_string(i)});
        partitions_.push_back(noise(kBlades + i, 25 * kMinute));
      }
      for (std::size_t i = 0; i < kBlades; ++i) {
        mpb_.add({storage, "MPB" + std::to_string(i)});
        blades_.push_back(noise(i, 9 * kMinute));
      }
      for (std::size_t i = 0; i < kSystemPorts; ++i) {
        port_.add({storage, kPortNames[i]});
        ports_.push_back(noise(kBlades + kPartitions + i, 6 * kMinute));
      }
      std::size_t number = 0x100;
      for (const Lpar& lpar : cpc.lpars()) {
        const LparConfig& l = lpar.config();
        for (std::size_t i = 0; i < k3390Devices; ++i) {
          ldev_.add({storage, ldev_id(number++), l.sysplex, l.name, ldev_names()[i].id});
        }
      }
    }
  }

  void lpar(const LparView& v) override {
    std::array<double, k3390Devices> reads{}, sequential{}, hits{};
    for (std::size_t i = 0; i < kVolumes; ++i) {
      const Volume& volume = v.devices.volumes[i];
      const auto type = static_cast<std::size_t>(volume_names()[i].type_index);
      const auto at = static_cast<std::size_t>(ldev_of_volume(static_cast<int>(i)));
      const double read = volume.times.rate * (1 - volume.writes);
      reads[at] += read;
      sequential[at] += read * (0.08 + 0.68 * v.state.batch_io[type]);
      hits[at] += read * volume.hits;
    }
    double volume_rate = 0;
    for (const Volume& volume : v.devices.volumes) volume_rate += volume.times.rate;
    for (std::size_t i = 0; i < k3390Devices; ++i) {
      const Ldev& l = v.devices.ldevs[i];
      double all = 0;
      for (std::size_t w = i; w < kVolumes; w += k3390Devices) {
        all += v.devices.volumes[w].times.rate;
      }
      const double part = all > 0 ? l.times.rate / all : 0;
      const double read = reads[i] * part, write = (all - reads[i]) * part;
      ldev_.row(v.number * k3390Devices + i, v.time);
      ldev_.set(0, hundredths(read - sequential[i] * part));
      ldev_.set(1, hundredths(sequential[i] * part));
      ldev_.set(2, hundredths(write));
      ldev_.set(3, hundredths(hits[i] * part));
      ldev_.set(4, micro(l.times.disc + l.times.conn));
      ldev_.set(5, rounded(l.times.rate * l.kib * 1024));
      box_.requests += l.times.rate;
      box_.writes += write;
      box_.misses += (reads[i] - hits[i]) * part;
      box_.bytes += l.times.rate * l.kib * 1024;
      box_.connect += l.times.rate * l.times.conn;
      box_.disconnect += l.times.rate * l.times.disc;
    }
    box_.usual += 33'200.0 * v.lpar.size() * (volume_rate > 0 ? box_part(v) : 1);
    double slow = 0;
    for (const double s : v.state.effects.slow) slow += s / kControlUnits;
    box_.slow = std::max(box_.slow, slow);
  }

  void cpc(const CpcView& v) override {
    const auto number = static_cast<std::size_t>(v.cpc.index());
    // Writes pend for as long as drives take: usual writes fill a fifth of the cache.
    const double usual = std::max(1.0, box_.usual);
    const double load = box_.writes / (0.38 * usual);
    const double pending = 68 * saturate((0.04 + 0.15 * load) * (1 + 0.25 * box_.slow) / 0.68);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      clpr_.row(number * kPartitions + i, v.time);
      const double moves = partitions_[number * kPartitions + i].at(v.time);
      const double here = pending * (i == 0 ? 1.0 : 0.72 * (1 + 0.05 * moves));
      // The mirrored copy follows the writes, not what waits for drives.
      const double side_file = 2.3 * load * (1 + 0.06 * moves) + 0.04 * std::max(0.0, here - 30);
      clpr_.set(0, hundredths(88 + 0.15 * here + 0.4 * moves));
      clpr_.set(1, hundredths(here));
      clpr_.set(2, hundredths(std::max(0.0, side_file)));
    }
    // A system has as many blades and ports as its usual load needs.
    const double scale = std::max(1.0, usual / 60e3);
    for (std::size_t i = 0; i < kBlades; ++i) {
      Noise& noise = blades_[number * kBlades + i];
      const double moves = std::max(0.5, 1 + 0.06 * noise.at(v.time)) / kBlades / scale;
      const double front = 100 * saturate(box_.requests * moves / kBladeRequestsS * 1.1);
      const double back =
          0.25 * front + 100 * saturate(box_.misses * moves / kBladeRequestsS) + 3 * box_.slow;
      const double open = 2.0 * moves * kBlades * scale;  // what open systems there are
      const double sum = std::min(1.0, 97 / (front + back + open));
      mpb_.row(number * kBlades + i, v.time);
      mpb_.set(1, hundredths(front * sum));
      mpb_.set(2, hundredths(open * sum));
      mpb_.set(3, hundredths(back * sum));
      mpb_.set(
          0, hundredths(hundredths(front * sum) + hundredths(open * sum) + hundredths(back * sum)));
    }
    std::array<double, kSystemPorts> weight{};
    double weights = 0;
    for (std::size_t i = 0; i < kSystemPorts; ++i) {
      weight[i] = 0.94 + 0.017 * static_cast<double>(i) +
                  0.025 * ports_[number * kSystemPorts + i].at(v.time);
      weights += weight[i];
    }
    for (std::size_t i = 0; i < kSystemPorts; ++i) {
      const double part = weight[i] / weights;
      const double requests = std::max(1e-9, box_.requests);
      port_.row(number * kSystemPorts + i, v.time);
      port_.set(0, hundredths(box_.requests * part));
      port_.set(1, rounded(box_.bytes * part));
      port_.set(2, micro((box_.connect + box_.disconnect) / requests));
      port_.set(3, micro(box_.connect / requests));
      port_.set(4, micro(box_.disconnect / requests));
      port_.set(5, hundredths(97 * saturate(box_.bytes * part / kPortBytesS / scale / 0.97)));
    }
    box_ = Box{};
  }

  void flush() override {
    for (Table* t : {&ldev_, &clpr_, &mpb_, &port_}) t->flush();
  }

 private:
  // Sums over the LPARs of the CPC in work.
  struct Box {
    double requests = 0, writes = 0, misses = 0, bytes = 0, connect = 0, disconnect = 0;
    double usual = 0, slow = 0;
  };

  // Documented devices are slower and take fewer requests for the same work.
  static double box_part(const LparView& v) {
    double volumes = 0, ldevs = 0;
    for (const Volume& volume : v.devices.volumes) volumes += volume.times.rate;
    for (std::size_t i = 0; i < k3390Devices; ++i) ldevs += v.devices.ldevs[i].times.rate;
    return ldevs / volumes;
  }

  Table ldev_, clpr_, mpb_, port_;
  std::vector<Noise> blades_, partitions_, ports_;
  Box box_;
};

}  // namespace

WriterPtr hitachi_report(const ReportContext& context) {
  return std::make_unique<HitachiReport>(context);
}

}  // namespace rmf
