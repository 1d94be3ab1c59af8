// Options of the sink mongodb.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/client_tls.hpp"
#include "weir/options.hpp"

namespace weir::mongodb_sink {

enum class Layout { flat, nested };
enum class TimeSeries { never, where_possible };

// How a measurement's rows become documents, where that is not as the defaults have it.
struct CollectionOptions {
  std::string collection;
  std::map<std::string, std::string> fields;
  std::map<std::string, std::string> indexes;
  std::string path;
  std::string key;
  std::string value;

  static const OptionTable<CollectionOptions>& table() {
    static const OptionTable<CollectionOptions> t{
        option("collection", &CollectionOptions::collection,
               "The collection's name; none: the measurement's, or with nested the sink's."),
        option("fields", &CollectionOptions::fields,
               "Other names, by label, field, or part of a histogram (wait.mean, .sum, .count)."),
        option("indexes", &CollectionOptions::indexes,
               "Indexes besides the sink's: their names, and their fields."),
        option("path", &CollectionOptions::path,
               "nested: where in metrics its rows are; none: under the measurement's name."),
        option("key", &CollectionOptions::key,
               "nested: the label whose values are keys there; none: rows with labels are a list."),
        option("value", &CollectionOptions::value,
               "nested: the field that stands for the row, instead of a document of its fields."),
    };
    return t;
  }
};

struct Options {
  std::string url;
  std::string password;
  std::optional<ClientTls> tls;
  Duration connect_timeout{};
  Duration timeout{};
  std::string write_concern;
  Layout layout = Layout::flat;
  std::vector<std::string> group_by;
  std::string collection;
  std::string time;
  Duration retention{};
  TimeSeries time_series = TimeSeries::never;
  std::string shard_key;
  std::map<std::string, std::string> indexes;
  std::map<std::string, CollectionOptions> collections;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("url", &Options::url,
               "The server or servers: mongodb://user@host:27017,host/database?replicaSet=rs0.")
            .required(),
        option("password", &Options::password, "The user's password.").secret(),
        option("tls", &Options::tls, "Speaks TLS with the server, and with no other."),
        option("connect_timeout", &Options::connect_timeout, "How long connecting may take.")
            .def("10s")
            .min("1s")
            .max("5m"),
        option("timeout", &Options::timeout,
               "How long the server may take to answer; half of it, for other members to confirm.")
            .def("30s")
            .min("2s")
            .max("1h"),
        option("write_concern", &Options::write_concern,
               "Who must have a write: majority, a number of members, or a tag of the server's.")
            .def("majority"),
        option("layout", &Options::layout,
               "flat: a document a row; nested: a document for all rows of a group and a time.")
            .def("flat")
            .choices({"flat", "nested"}),
        option("group_by", &Options::group_by,
               "nested: the labels that rows of one document have in common."),
        option("collection", &Options::collection,
               "nested: the collection of measurements that name none.")
            .def("metrics"),
        option("time", &Options::time, "The name of the field with the row's time.").def("time"),
        option("retention", &Options::retention,
               "How long documents are kept, counted from their time; 0: for ever.")
            .def("0")
            .max("20000d"),
        option("time_series", &Options::time_series,
               "auto: new collections are time-series collections where the server has them.")
            .def("never")
            .choices({"never", "auto"}),
        option("shard_key", &Options::shard_key,
               "The fields by which a sharded cluster spreads new collections: lpar hashed, time."),
        option("indexes", &Options::indexes,
               "Indexes of every collection: their names, and their fields: lpar, time desc."),
        option("collections", &Options::collections,
               "Documents other than those made by themselves, by measurement."),
    };
    return t;
  }
};

}  // namespace weir::mongodb_sink
