// weir/client_tls.hpp - the option `tls` of components that connect to a server: the same keys,
// with the same meaning, in each of them.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

#include "weir/options.hpp"
#include "weir/posix.hpp"
#include "weir/weir.hpp"

namespace weir {

struct ClientTls {
  bool enabled = true;
  std::string ca;
  std::string cert;
  std::string key;
  bool verify = true;

  static const OptionTable<ClientTls>& table() {
    static const OptionTable<ClientTls> t{
        option("enabled", &ClientTls::enabled, "false: speaks without TLS all the same.")
            .def("true"),
        option("ca", &ClientTls::ca,
               "File with the certificates of authorities to trust; none: the system's."),
        option("cert", &ClientTls::cert, "File with the agent's own certificate."),
        option("key", &ClientTls::key, "File with its key."),
        option("verify", &ClientTls::verify,
               "Refuses a server whose certificate does not prove its name.")
            .def("true"),
    };
    return t;
  }

  // For the component's own `check`.
  void check(Problems& problems) const {
    if (cert.empty() != key.empty()) {
      problems.add("tls", "has one of cert and key; expected both or none");
    }
    if (!verify && !ca.empty()) {
      problems.add("tls.verify", "is false, so that ca is not looked at; remove one of them");
    }
  }

  // "" or which of the files cannot be opened, and why.
  std::string unreadable() const {
    if (!enabled) return "";
    for (const auto& [name, path] :
         {std::pair("ca", &ca), std::pair("cert", &cert), std::pair("key", &key)}) {
      if (path->empty() || Fd(::open(path->c_str(), O_RDONLY | O_CLOEXEC))) continue;
      return std::string("tls.") + name + ": " + *path + " cannot be opened: " + errno_text(errno);
    }
    return "";
  }
  // For the component's own `start`, of those that are not to wait for a server to find out.
  void require_files() const {
    if (const std::string why = unreadable(); !why.empty()) throw std::runtime_error(why);
  }
};

}  // namespace weir
