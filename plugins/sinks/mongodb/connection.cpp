#include "connection.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <utility>

namespace weir::mongodb_sink {

namespace {

constexpr std::size_t kPemBytesMax = 1 << 20;

std::string text_at(const bson_t& document, const char* key) {
  bson_iter_t iter;
  if (!bson_iter_init_find(&iter, &document, key) || !BSON_ITER_HOLDS_UTF8(&iter)) return "";
  return bson_iter_utf8(&iter, nullptr);
}

std::int64_t number_at(const bson_t& document, const char* key, std::int64_t otherwise) {
  bson_iter_t iter;
  return bson_iter_init_find(&iter, &document, key) ? bson_iter_as_int64(&iter) : otherwise;
}

// 0 would mean for ever.
std::int64_t ms_of(Duration d) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

// "" or what is wrong with the file.
std::string append_file(const std::string& path, std::string& out) {
  std::ifstream file(path, std::ios::binary);
  char block[4096];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    out.append(block, static_cast<std::size_t>(file.gcount()));
    if (out.size() > kPemBytesMax) return path + " is too large for a certificate or key";
  }
  if (!file.eof()) return "cannot read " + path;
  out += '\n';
  return "";
}

// One file in memory of what are two: libmongoc wants certificate and key together.
std::string join_pem(const ClientTls& tls, Fd& out) {
  std::string text;
  for (const std::string& path : {tls.cert, tls.key}) {
    if (std::string problem = append_file(path, text); !problem.empty()) return problem;
  }
  Fd file(memfd_create("weir-mongodb", MFD_CLOEXEC));
  const bool is_written =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  explicit_bzero(text.data(), text.size());
  if (!is_written) return "cannot hold the certificate in memory: " + errno_text(errno);
  out = std::move(file);
  return "";
}

}  // namespace

Connection::Connection(Sink sink, const Options& options)
    : sink_(sink), options_(options), place_(parse_place(options.url)) {}

Connection::~Connection() { start_anew(); }

Problem Connection::set_tls() {
  if (!options_.tls || !options_.tls->enabled) return {};
  const ClientTls& tls = *options_.tls;
  std::string pem;
  if (!tls.cert.empty()) {
    if (std::string why = join_pem(tls, pem_); !why.empty()) {
      return {Kind::connection, 0, why + "; check tls: cert and key"};
    }
    pem = "/proc/self/fd/" + std::to_string(pem_.get());
  }
  mongoc_ssl_opt_t ssl{};
  if (!pem.empty()) ssl.pem_file = pem.c_str();
  if (!tls.ca.empty()) ssl.ca_file = tls.ca.c_str();
  ssl.weak_cert_validation = !tls.verify;
  ssl.allow_invalid_hostname = !tls.verify;
  mongoc_client_set_ssl_opts(client_, &ssl);
  return {};
}

Problem Connection::open() {
  const Duration left = time_left();
  // It was made by a write that had little time left, and has no more patience than that had.
  if (is_open() && left > 2 * patience_) start_anew();
  if (is_open()) return {};
  bson_error_t error{};
  patience_ = left;
  const Uri uri = make_uri(options_, sink_.time_left(options_.connect_timeout), left);
  client_ = mongoc_client_new_from_uri_with_error(uri.get(), &error);
  if (client_ == nullptr) return problem(error);
  mongoc_client_set_error_api(client_, MONGOC_ERROR_API_VERSION_2);
  Problem failed = set_tls();
  if (!failed) failed = look();
  if (failed) {
    failed.kind = Kind::connection;
    close(failed.text);
  }
  return failed;
}

// What answers there, and what it can keep.
Problem Connection::look() {
  Bson command, hello, build;
  BSON_APPEND_INT32(command.get(), "buildInfo", 1);
  if (Problem p = run(*command.get(), *build.get(), "admin")) return p;
  bson_reinit(command.get());
  BSON_APPEND_INT32(command.get(), "hello", 1);
  // Servers before 4.4.2 do not know it, and no rows depend on what they would say.
  if (Problem p = run(*command.get(), *hello.get(), "admin"); p.kind == Kind::connection) return p;
  is_cluster_ = text_at(*hello.get(), "msg") == "isdbgrid";
  limits_ = {};
  limits_.document_bytes = static_cast<std::size_t>(std::clamp<std::int64_t>(
      number_at(*hello.get(), "maxBsonObjectSize", 16 << 20), 1 << 20, 16 << 20));
  const bool is_ferretdb = !text_at(*build.get(), "ferretdbVersion").empty();
  limits_.has_nonfinite = limits_.has_decimal = !is_ferretdb;
  if (!std::exchange(is_told_, true)) sink_.connected(peer(*build.get()));
  return {};
}

std::string Connection::peer(const bson_t& build_info) {
  const std::string ferretdb = text_at(build_info, "ferretdbVersion");
  std::string text =
      ferretdb.empty() ? "MongoDB " + text_at(build_info, "version") : "FerretDB " + ferretdb;
  bson_error_t error{};
  mongoc_server_description_t* server = mongoc_client_select_server(client_, true, nullptr, &error);
  if (server != nullptr) {
    text += std::string(" at ") + mongoc_server_description_host(server)->host_and_port;
    mongoc_server_description_destroy(server);
  }
  text += ", database " + place_.database;
  if (is_cluster_) text += ", sharded cluster";
  if (options_.tls && options_.tls->enabled) text += ", TLS";
  return text;
}

void Connection::close(const std::string& why) {
  sink_.disconnected(why);
  is_told_ = false;
  start_anew();
}

void Connection::start_anew() {
  if (client_ != nullptr) mongoc_client_destroy(client_);
  client_ = nullptr;
  pem_.close();
}

CollectionHandle Connection::collection(const std::string& name) {
  return {mongoc_client_get_collection(client_, place_.database.c_str(), name.c_str()),
          mongoc_collection_destroy};
}

Problem Connection::over() const {
  if (sink_.stopping()) return {Kind::over, 0, "the agent stops before all rows are written"};
  if (time_left().count() > 0) return {};
  return {Kind::over, 0,
          "write_deadline is over before all rows are written; what is not comes again"};
}

void Connection::append_time(bson_t& options) const {
  BSON_APPEND_INT64(&options, "maxTimeMS", ms_of(time_left()));
}

void Connection::append_write_concern(bson_t& options) const {
  const std::unique_ptr<mongoc_write_concern_t, decltype(&mongoc_write_concern_destroy)> concern(
      mongoc_write_concern_new(), mongoc_write_concern_destroy);
  const auto wait_ms = static_cast<std::int32_t>(ms_of(time_left() / 2));
  const std::string& w = options_.write_concern;
  std::int32_t members = 0;
  const auto [end, error] = std::from_chars(w.data(), w.data() + w.size(), members);
  if (w == "majority") {
    mongoc_write_concern_set_wmajority(concern.get(), wait_ms);
  } else if (error == std::errc{} && end == w.data() + w.size()) {
    mongoc_write_concern_set_w(concern.get(), members);
    mongoc_write_concern_set_wtimeout_int64(concern.get(), wait_ms);
  } else {
    mongoc_write_concern_set_wtag(concern.get(), w.c_str());
    mongoc_write_concern_set_wtimeout_int64(concern.get(), wait_ms);
  }
  mongoc_write_concern_append(concern.get(), &options);
}

Problem Connection::run(const bson_t& command, bson_t& reply, const char* database) {
  bson_error_t error{};
  if (mongoc_client_command_simple(client_,
                                   database == nullptr ? place_.database.c_str() : database,
                                   &command, nullptr, &reply, &error)) {
    return {};
  }
  return problem(error);
}

Problem Connection::describe(const std::string& collection, Bson& out) {
  Bson options;
  bson_t filter;
  BSON_APPEND_DOCUMENT_BEGIN(options.get(), "filter", &filter);
  bson_append_utf8(&filter, "name", 4, collection.data(), static_cast<int>(collection.size()));
  bson_append_document_end(options.get(), &filter);
  const std::unique_ptr<mongoc_database_t, decltype(&mongoc_database_destroy)> database(
      mongoc_client_get_database(client_, place_.database.c_str()), mongoc_database_destroy);
  return each(mongoc_database_find_collections_with_opts(database.get(), options.get()),
              [&](const bson_t& found) {
                bson_reinit(out.get());
                bson_concat(out.get(), &found);
              });
}

Problem Connection::problem(const bson_error_t& error) {
  const bool tls = options_.tls && options_.tls->enabled;
  std::string text = error.message;
  if (error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_COLLECTION) {
    text += " (" + std::to_string(error.code) + ")";
  }
  return {kind_of(error), error.code, text + remedy_for(error, tls)};
}

Problem Connection::problem_of_whole(const bson_error_t& error) {
  Problem result = problem(error);
  result.kind = kind_of_whole(error);
  return result;
}

}  // namespace weir::mongodb_sink
