// The connection to the server, its deployment and what it can do, and libmongoc's errors.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <string>

#include "bson.hpp"
#include "document.hpp"
#include "options.hpp"
#include "place.hpp"
#include "problem.hpp"
#include "weir/posix.hpp"
#include "weir/weir.hpp"

namespace weir::mongodb_sink {

using CollectionHandle = std::unique_ptr<mongoc_collection_t, decltype(&mongoc_collection_destroy)>;

// One thread.
class Connection {
 public:
  Connection(Sink sink, const Options& options);
  ~Connection();

  bool is_open() const { return client_ != nullptr; }
  // Kind::connection: not open.
  Problem open();
  // The other side is gone; `why`: what the log says about it.
  void close(const std::string& why = "");
  // The next `open` makes a new client, as far as others can tell without a change of state.
  void start_anew();

  const std::string& database() const { return place_.database; }
  const Limits& limits() const { return limits_; }
  bool is_cluster() const { return is_cluster_; }
  CollectionHandle collection(const std::string& name);
  // Why nothing more may be begun: Kind::over, or nothing.
  Problem over() const;
  // {maxTimeMS: ..., more...}: what the write under way has left, at most `timeout`.
  void append_time(bson_t& options) const;
  // {writeConcern: ..., more...} for writes.
  void append_write_concern(bson_t& options) const;

  // A command on the sink's database, or another.
  Problem run(const bson_t& command, bson_t& reply, const char* database = nullptr);
  // Calls use(const bson_t&) with everything that the cursor gives, and destroys it.
  template <class Use>
  Problem each(mongoc_cursor_t* cursor, Use use) {
    const std::unique_ptr<mongoc_cursor_t, decltype(&mongoc_cursor_destroy)> owner(
        cursor, mongoc_cursor_destroy);
    const bson_t* document = nullptr;
    while (mongoc_cursor_next(cursor, &document)) use(*document);
    bson_error_t error{};
    return mongoc_cursor_error(cursor, &error) ? problem(error) : Problem{};
  }
  // { name, type, options } of a collection, empty where there is none.
  Problem describe(const std::string& collection, Bson& out);
  // Closes the connection where it is of no more use.
  Problem problem(const bson_error_t& error);
  Problem problem_of_whole(const bson_error_t& error);  // of a bulk, see kind_of_whole

 private:
  Duration time_left() const { return sink_.time_left(options_.timeout); }
  Problem set_tls();
  Problem look();
  std::string peer(const bson_t& build_info);

  Sink sink_;
  const Options& options_;
  const Place place_;
  mongoc_client_t* client_ = nullptr;
  Duration patience_{};  // of client_, with an answer
  Fd pem_;               // the agent's certificate and key in one file, as libmongoc wants them
  Limits limits_;
  bool is_cluster_ = false;
  bool is_told_ = false;
};

}  // namespace weir::mongodb_sink
