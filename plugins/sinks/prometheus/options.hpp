// What an operator can say about a Prometheus endpoint. Limits that protect the agent from its
// clients (header size, timeouts, connections) are constants in limits.hpp: nobody tunes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/options.hpp"

namespace weir::prometheus_sink {

struct TlsOptions {
  std::string cert, key, client_ca;
  static const weir::OptionTable<TlsOptions>& table() {
    static const weir::OptionTable<TlsOptions> t{
        weir::option("cert", &TlsOptions::cert, "PEM file: the certificate and its chain.")
            .required(),
        weir::option("key", &TlsOptions::key, "PEM file: the private key.").required(),
        weir::option("client_ca", &TlsOptions::client_ca,
                     "PEM file: clients must show a certificate signed by one of these."),
    };
    return t;
  }
};

struct BasicAuthOptions {
  std::string username, password;
  static const weir::OptionTable<BasicAuthOptions>& table() {
    static const weir::OptionTable<BasicAuthOptions> t{
        weir::option("username", &BasicAuthOptions::username, "Who may scrape.").required(),
        weir::option("password", &BasicAuthOptions::password, "And with which password.")
            .required()
            .secret(),
    };
    return t;
  }
};

struct Options {
  std::string listen = "127.0.0.1:9464";
  std::string path = "/metrics";
  weir::Duration series_ttl = std::chrono::minutes(5);
  std::uint64_t max_series = 1'000'000;
  bool gzip = true;
  bool timestamps = false;
  std::optional<TlsOptions> tls;
  std::optional<BasicAuthOptions> basic_auth;

  static const weir::OptionTable<Options>& table() {
    static const weir::OptionTable<Options> t{
        weir::option("listen", &Options::listen,
                     "Address and port to serve on: 127.0.0.1:9464, [::1]:9464, or :9464 for every "
                     "interface.")
            .def("127.0.0.1:9464"),
        weir::option("path", &Options::path, "Where the metrics are.").def("/metrics"),
        weir::option("series_ttl", &Options::series_ttl,
                     "A series without a new row for this long vanishes and is freed.")
            .def("5m")
            .min("1s"),
        weir::option("max_series", &Options::max_series,
                     "Refuses rows of new series once this many samples are exposed.")
            .def("1000000")
            .min("1")
            .max("100000000"),
        weir::option("gzip", &Options::gzip, "Compresses for clients that accept it.").def("true"),
        weir::option("timestamps", &Options::timestamps,
                     "Writes the time of its row beside every sample.")
            .def("false"),
        weir::option("tls", &Options::tls, "Serves HTTPS, TLS 1.2 or newer."),
        weir::option("basic_auth", &Options::basic_auth, "Asks for a name and a password."),
    };
    return t;
  }
};

}  // namespace weir::prometheus_sink
