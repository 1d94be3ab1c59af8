// dasd.cpp - Monitor III reports DEV and CACHDET: the parts of response times, and cache hits.
#include <algorithm>

#include "emit/report.hpp"
#include "emit/schema.hpp"

namespace rmf {

namespace {

constexpr const char* kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// As z/OS numbers devices: from 8000 on, 256 of each LPAR of a CPC, 64 of them behind each of the
// four control units.
std::string device_number(std::size_t position, int volume) {
  const std::size_t number = 0x8000 + position * 256 +
                             static_cast<std::size_t>(control_unit_of_volume(volume)) * 64 +
                             static_cast<std::size_t>(volume) / kControlUnits;
  std::string text;
  for (const int shift : {12, 8, 4, 0}) text += kDigits[number >> shift & 15];
  return text;
}

// A serial of six characters: the type's letter, the CPC, the LPAR's position on it, and the number
// of the volume among those of its type: U00312 is USER012 of the fourth LPAR of the first CPC.
std::string serial(int cpc, std::size_t position, const DeviceName& volume) {
  std::string text{volume.type[0], kDigits[cpc % 36]};
  if (position < 10) text += '0';
  return text + std::to_string(position) + volume.id.substr(volume.id.size() - 2);
}

class DeviceReport : public ReportWriter {
 public:
  explicit DeviceReport(const ReportContext& c)
      : device_(c.source,
                lpar_schema("rmf_device", "DASD volumes: activity and response time.",
                            {"volume", "device", "control_unit"})
                    .gauge("activity_rate", "", "Requests a second.")
                    .gauge("response_time_seconds", "seconds", "IOSQ + PEND + DISC + CONN.")
                    .gauge("iosq_time_seconds", "seconds", "Time queued in z/OS for the device.")
                    .gauge("pend_time_seconds", "seconds",
                           "Pending in the channel subsystem; CMR and DB are parts of it.")
                    .gauge("cmr_delay_seconds", "seconds",
                           "Part of PEND until the control unit answered the first command.")
                    .gauge("db_delay_seconds", "seconds",
                           "Part of PEND while another system had the device.")
                    .gauge("disc_time_seconds", "seconds",
                           "Disconnected: cache misses and the mirrored copy.")
                    .gauge("conn_time_seconds", "seconds", "Connected: data is transferred.")
                    .gauge("utilization_percent", "percent",
                           "Activity times DISC and CONN; near 100 where that is more than 1.")
                    .gauge("in_flight", "",
                           "Requests at the device at any time: activity times PEND, DISC, CONN.")
                    .gauge("queued", "", "Requests queued at any time: activity times IOSQ.")
                    .gauge("pav", "",
                           "Exposures: the base device and its HyperPAV aliases on average.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc& cpc) {
      const LparConfig& l = lpar.config();
      const auto position = static_cast<std::size_t>(&lpar - cpc.lpars().data());
      for (int i = 0; i < kVolumes; ++i) {
        const std::string unit = "CU" + std::to_string(control_unit_of_volume(i));
        device_.add({l.sysplex, l.name,
                     serial(cpc.index(), position, volume_names()[static_cast<std::size_t>(i)]),
                     device_number(position, i), unit});
      }
    });
  }

  void lpar(const LparView& v) override {
    for (std::size_t i = 0; i < kVolumes; ++i) {
      const Volume& volume = v.devices.volumes[i];
      const DeviceTimes& t = volume.times;
      device_.row(v.number * kVolumes + i, v.time);
      device_.set(0, hundredths(t.rate));
      // The parts are rounded, the whole is their sum, so that it adds up as it is printed.
      const double iosq = micro(t.iosq), disc = micro(t.disc), conn = micro(t.conn);
      const double command = micro(t.command), busy = micro(t.busy);
      const double pend = std::max(micro(t.pend), micro(command + busy));
      device_.set(1, micro(iosq + pend + disc + conn));
      device_.set(2, iosq);
      device_.set(3, pend);
      device_.set(4, command);
      device_.set(5, busy);
      device_.set(6, disc);
      device_.set(7, conn);
      device_.set(8, hundredths(volume.utilisation));
      device_.set(9, thousandths(t.rate * t.at_device()));
      device_.set(10, thousandths(t.rate * t.iosq));
      device_.set(11, thousandths(t.pav));
    }
  }
  void flush() override { device_.flush(); }

 private:
  Table device_;
};

class CacheReport : public ReportWriter {
 public:
  explicit CacheReport(const ReportContext& c)
      : cache_(c.source,
               lpar_schema("rmf_cache", "Cache of the control unit, by volume.", {"volume"})
                   .gauge("io_rate", "", "Requests a second: reads and writes.")
                   .gauge("read_rate", "", "Reads a second.")
                   .gauge("write_rate", "", "Writes a second.")
                   .gauge("read_hit_rate", "", "Reads a second that the cache answered.")
                   .gauge("write_hit_rate", "", "Writes a second that the cache took.")
                   .gauge("hit_percent", "percent", "Hits of all requests.")
                   .gauge("read_hit_percent", "percent", "Hits of reads.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc& cpc) {
      const LparConfig& l = lpar.config();
      const auto position = static_cast<std::size_t>(&lpar - cpc.lpars().data());
      for (const DeviceName& d : volume_names()) {
        cache_.add({l.sysplex, l.name, serial(cpc.index(), position, d)});
      }
    });
  }

  void lpar(const LparView& v) override {
    for (std::size_t i = 0; i < kVolumes; ++i) {
      const Volume& volume = v.devices.volumes[i];
      const double writes = hundredths(volume.times.rate * volume.writes);
      const double reads = hundredths(hundredths(volume.times.rate) - writes);
      const double hits = std::min(reads, hundredths(reads * volume.hits));
      const double io = hundredths(reads + writes);
      cache_.row(v.number * kVolumes + i, v.time);
      cache_.set(0, io);
      cache_.set(1, reads);
      cache_.set(2, writes);
      cache_.set(3, hits);
      cache_.set(4, writes);  // fast writes: all go to the cache
      cache_.set(5, hundredths(io > 0 ? 100 * (hits + writes) / io : 0));
      cache_.set(6, hundredths(reads > 0 ? 100 * hits / reads : 0));
    }
  }
  void flush() override { cache_.flush(); }

 private:
  Table cache_;
};

}  // namespace

WriterPtr device_report(const ReportContext& context) {
  return std::make_unique<DeviceReport>(context);
}
WriterPtr cache_report(const ReportContext& context) {
  return std::make_unique<CacheReport>(context);
}

}  // namespace rmf
