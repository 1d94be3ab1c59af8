// What the sink mongodb decides without a server: urls, errors, commands, options.
#include <gtest/gtest.h>

#include "fixture.hpp"
#include "mongodb.hpp"
#include "schema.hpp"
#include "write_result.hpp"

namespace weir::mongodb_sink {
namespace {

TEST(Urls, AreWhatLibmongocReads) {
  EXPECT_EQ(parse_place("mongodb://db/rmf").problem, "");
  const Place place =
      parse_place("mongodb://w%40x@a:1,[::1]:2/rmf?replicaSet=rs0&authSource=admin");
  EXPECT_EQ(place.problem, "");
  EXPECT_EQ(place.database, "rmf");
}

TEST(Urls, ThatAreWrongAreRefusedWithWhatIsExpected) {
  for (const char* bad :
       {"", "db/rmf", "mysql://u@h/d", "mongodb://u@h", "mongodb://u@h/", "mongodb:///d",
        "mongodb://u:secret@h/d", "mongodb://h:0/d", "mongodb://h/a.b", "mongodb://h/a%20b",
        "mongodb://h/d?w=1", "mongodb://h/d?tls=true", "mongodb://h/d?nonsense=1",
        "mongodb://h/d?tlsCertificateKeyFilePassword=secret", "mongodb://h/d?authMechanism=NO"}) {
    const std::string problem = parse_place(bad).problem;
    EXPECT_TRUE(
        problem.ends_with("; expected mongodb://user@host:27017,host/database?replicaSet=name"))
        << bad << ": " << problem;
    EXPECT_EQ(problem.find("secret"), std::string::npos) << problem;
  }
}

TEST(Urls, BringTimeoutsAndThePassword) {
  Options options;
  options.url = "mongodb://u@h/d";
  options.password = "p%40:/@ss";
  const Uri uri = make_uri(options, std::chrono::milliseconds(1500), std::chrono::seconds(7));
  ASSERT_NE(uri, nullptr);
  EXPECT_STREQ(mongoc_uri_get_password(uri.get()), "p%40:/@ss");
  EXPECT_EQ(mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, 0), 1500);
  EXPECT_EQ(mongoc_uri_get_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, 0), 7000);
}

bson_error_t error(std::uint32_t domain, std::uint32_t code, const char* text = "") {
  bson_error_t e{};
  bson_set_error(&e, domain, code, "%s", text);
  return e;
}

TEST(Errors, OfDocumentsAreTheDocumentsOwn) {
  for (const std::uint32_t code : {2, 14, 22, 52, 57, 61, 73, 121, 10334, 17419}) {
    EXPECT_EQ(kind_of(error(MONGOC_ERROR_SERVER, code)), Kind::data) << code;
  }
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID)), Kind::data);
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_SERVER, 11000)), Kind::duplicate);
}

TEST(Errors, ThatMayPassLoseNoRow) {
  for (const std::uint32_t code :
       {1,   6,   7,   11,  13,    18,    26,    50,    64,    79,    89,   91,
        100, 112, 189, 262, 10107, 11600, 11602, 13435, 13436, 14031, 99999}) {
    EXPECT_EQ(kind_of(error(MONGOC_ERROR_SERVER, code)), Kind::transient) << code;
  }
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_WRITE_CONCERN, 2)), Kind::transient);
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET)), Kind::connection);
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_SERVER_SELECTION, 1)), Kind::connection);
  EXPECT_EQ(kind_of(error(MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE)),
            Kind::connection);
}

TEST(Errors, OfAWholeBulkAreADocumentsWhereNothingElseCausesThem) {
  for (const std::uint32_t code : {2, 9, 14}) {  // "cannot use 'w' > 1 when a host is not ..."
    EXPECT_EQ(kind_of_whole(error(MONGOC_ERROR_SERVER, code)), Kind::transient) << code;
  }
  for (const std::uint32_t code : {22, 73, 166, 10334, 17419, 17420}) {
    EXPECT_EQ(kind_of_whole(error(MONGOC_ERROR_SERVER, code)), Kind::data) << code;
  }
  EXPECT_EQ(kind_of_whole(error(MONGOC_ERROR_SERVER, 13)), Kind::transient);
  EXPECT_EQ(kind_of_whole(error(MONGOC_ERROR_STREAM, 1)), Kind::connection);
}

TEST(Errors, SayWhatToDo) {
  const auto remedy = [](std::uint32_t domain, std::uint32_t code, const char* text = "") {
    return std::string(remedy_for(error(domain, code, text), false));
  };
  EXPECT_NE(remedy(MONGOC_ERROR_SERVER, 13).find("readWrite"), std::string::npos);
  EXPECT_NE(
      remedy(MONGOC_ERROR_SERVER, 13, "to execute command { collMod: \"c\" }").find("dbAdmin"),
      std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_SERVER, 18).find("password"), std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_SERVER, 10107).find("replicaSet"), std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_WRITE_CONCERN, 64).find("write_concern"), std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_SERVER_SELECTION, 1, "TLS handshake failed").find("check tls"),
            std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_STREAM, 1, "Failed to resolve x").find("host of url"),
            std::string::npos);
  EXPECT_NE(remedy(MONGOC_ERROR_SERVER, 2, "cannot use 'w' > 1").find("write_concern"),
            std::string::npos);
  EXPECT_EQ(remedy(MONGOC_ERROR_SERVER, 8), "");
}

TEST(Results, AreReadDocumentByDocument) {
  const char* text =
      "{\"insertedCount\": 2, \"nMatched\": 1, \"writeErrors\": [{\"index\": 1, \"code\": 11000, "
      "\"errmsg\": \"E11000 ... index: _id_ dup key\"}, {\"index\": 3, \"code\": 121}, 7], "
      "\"writeConcernErrors\": [{\"code\": 0, \"errmsg\": \"late\"}]}";
  bson_t* reply = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text), -1, nullptr);
  const WriteResult result = read_result(*reply);
  bson_destroy(reply);
  EXPECT_EQ(result.inserted, 2);
  EXPECT_EQ(result.matched, 1);
  ASSERT_EQ(result.errors.size(), 2u);
  EXPECT_EQ(result.errors[0].index, 1u);
  EXPECT_EQ(result.errors[0].code, 11000u);
  EXPECT_EQ(result.errors[1].code, 121u);
  EXPECT_EQ(result.concern.code, 64u) << "no code is no success";
  EXPECT_EQ(result.concern.text, "late");
  EXPECT_TRUE(is_by_id(result.errors[0].text));
  EXPECT_TRUE(is_by_id("E11000 duplicate key error collection: a.b"));
  EXPECT_FALSE(is_by_id("E11000 duplicate key error collection: a.b index: host_1 dup key: {}"));
}

TEST(Commands, AreWhatTheServerExpects) {
  Bson indexes, series, off, change, shard;
  create_indexes(*indexes.get(), "c", {{"i", parse_key("a, b desc, c hashed"), 60}});
  EXPECT_EQ(json(*indexes.get()),
            "{ \"createIndexes\" : \"c\", \"indexes\" : [ { \"key\" : { \"a\" : { \"$numberInt\" : "
            "\"1\" }, \"b\" : { \"$numberInt\" : \"-1\" }, \"c\" : \"hashed\" }, \"name\" : \"i\", "
            "\"expireAfterSeconds\" : { \"$numberInt\" : \"60\" } } ] }");
  create_time_series(*series.get(), "c", "at", 60);
  EXPECT_EQ(json(*series.get()),
            "{ \"create\" : \"c\", \"timeseries\" : { \"timeField\" : \"at\", \"metaField\" : "
            "\"labels\" }, \"expireAfterSeconds\" : { \"$numberInt\" : \"60\" } }");
  change_expiry(*off.get(), "c", "", 0);
  EXPECT_EQ(json(*off.get()), "{ \"collMod\" : \"c\", \"expireAfterSeconds\" : \"off\" }");
  change_expiry(*change.get(), "c", "i", 5);
  EXPECT_EQ(json(*change.get()),
            "{ \"collMod\" : \"c\", \"index\" : { \"name\" : \"i\", \"expireAfterSeconds\" : { "
            "\"$numberInt\" : \"5\" } } }");
  shard_collection(*shard.get(), "d", "c", parse_key("lpar hashed"));
  EXPECT_EQ(json(*shard.get()),
            "{ \"shardCollection\" : \"d.c\", \"key\" : { \"lpar\" : \"hashed\" } }");
}

TEST(Indexes, OneByTimeIsAlwaysThereAndExpires) {
  const auto own = make_indexes({{"a", "host"}}, "time", 60);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[1].name, "weir_time");
  EXPECT_EQ(own[1].expire_s, 60);
  EXPECT_EQ(own[0].expire_s, 0);
  const auto named = make_indexes({{"t", "at"}, {"d", "at desc"}}, "at", 60);
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].expire_s, 0);
  EXPECT_EQ(named[1].name, "t");
  EXPECT_EQ(named[1].expire_s, 60);
  for (const char* bad : {"", " , ", "a up", "a desc x"})
    EXPECT_TRUE(parse_key(bad).empty()) << bad;
}

TEST(Indexes, AreFoundByTheirKey) {
  Bson document;
  append_key(*document.get(), "key", parse_key("a, b desc, c hashed"));
  BSON_APPEND_UTF8(document.get(), "name", "x");
  BSON_APPEND_INT64(document.get(), "expireAfterSeconds", 9);
  const FoundIndex found = read_index(*document.get());
  EXPECT_EQ(found.name, "x");
  EXPECT_EQ(found.expire_s, 9);
  EXPECT_TRUE(is_same_key(parse_key("a, b desc, c hashed"), found.key));
  EXPECT_FALSE(is_same_key(parse_key("a, b, c hashed"), found.key));
  EXPECT_FALSE(is_same_key(parse_key("a, b desc"), found.key));
}

class Deliveries : public Documents {
 protected:
  static inline std::int64_t left_ns = 0;

  Deliveries() {
    agent_.set_extension(WEIR_EXT_DEADLINE, &kDeadline);
    options_.url = "mongodb://127.0.0.1:1/d";
    options_.timeout = options_.connect_timeout = std::chrono::hours(1);
    options_.write_concern = "majority";
    batch_.add(source_.series(measurement_, {"a"}), 1);
    batch_.add(source_.series(measurement_, {"b"}), 1);
  }

  static constexpr weir_deadline kDeadline{sizeof(weir_deadline), 0,
                                           [](const weir_host*) { return left_ns; }};
  const weir_measurement* measurement_ = source_.measurement(Schema("m").label("host"));
  Batch batch_ = source_.batch(measurement_, 2);
};

TEST_F(Deliveries, BeginNothingWhenTheirTimeIsOver) {
  const weir_batch* batch = batch_.get();
  for (const bool stopping : {false, true}) {
    left_ns = stopping ? 1 : 0;
    agent_.set_stopping(stopping);
    Mongodb sink(Sink(agent_.host()), options_);
    sink.start();
    const Status status = sink.write({&batch, 1});
    sink.stop();
    EXPECT_EQ(status.code(), WEIR_RETRY);
    EXPECT_TRUE(status.why().starts_with(stopping ? "the agent stops" : "write_deadline is over"))
        << status.why();
  }
}

TEST_F(Deliveries, DoNotBeginWithoutTheFilesOfTls) {
  options_.tls.emplace().cert = "/nope.pem";
  options_.tls->key = "/nope.key";
  Mongodb sink(Sink(agent_.host()), options_);
  try {
    sink.start();
    FAIL() << "it starts";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "tls.cert: /nope.pem cannot be opened: No such file or directory");
  }
}

TEST_F(Deliveries, ConnectInTheTimeThatTheyHave) {
  left_ns = 1'000'000;
  const weir_batch* batch = batch_.get();
  Mongodb sink(Sink(agent_.host()), options_);
  sink.start();
  EXPECT_NE(sink.write({&batch, 1}).why().find("check that the server runs there"),
            std::string::npos);
  sink.stop();
}

TEST_F(Deliveries, RememberWhatTheServerHas) {
  Done done(Sink(agent_.host()));
  const weir_batch* batch = batch_.get();
  EXPECT_FALSE(done.has({batch, 0}));
  done.add({batch, 1});
  EXPECT_FALSE(done.has({batch, 0}));
  EXPECT_TRUE(done.has({batch, 1}));
  EXPECT_EQ(agent_.live_retains(), 1u);
  done.forget();
  EXPECT_FALSE(done.has({batch, 1}));
  EXPECT_EQ(agent_.live_retains(), 0u);
}

TEST(MongodbOptions, CheckNamesWhatCannotWork) {
  Options options;
  options.url = "mongodb://u:p@h/d";
  options.tls.emplace();
  options.tls->cert = "cert.pem";
  options.write_concern = "0";
  options.time = "a.b";
  options.group_by = {"lpar"};
  options.shard_key = "a up";
  options.indexes["i"] = "";
  options.collections["m"].key = "k";
  options.collections["m"].collection = "a$b";
  options.collections["m"].fields["f"] = "$f";
  std::vector<std::string> found;
  Problems problems(
      [](void* context, const char* path, const char*) {
        static_cast<std::vector<std::string>*>(context)->emplace_back(path);
      },
      &found);
  Mongodb::check(options, problems);
  EXPECT_EQ(found, (std::vector<std::string>{"url", "tls", "write_concern", "time", "indexes.i",
                                             "shard_key", "group_by", "collections.m.collection",
                                             "collections.m.fields.f", "collections.m.key"}));
  found.clear();
  options = {};
  options.url = "mongodb://h/d";
  options.write_concern = "majority";
  options.time = "time";
  Mongodb::check(options, problems);
  EXPECT_TRUE(found.empty());
  options.password = "secret";
  Mongodb::check(options, problems);
  EXPECT_EQ(found, std::vector<std::string>{"password"});
  for (const char* url : {"mongodb://u@h/d", "mongodb://h/d?authMechanism=MONGODB-X509"}) {
    found.clear();
    options.url = url;
    Mongodb::check(options, problems);
    EXPECT_TRUE(found.empty()) << url;
  }
  options.layout = Layout::nested;
  options.time_series = TimeSeries::where_possible;
  Mongodb::check(options, problems);
  EXPECT_EQ(found, (std::vector<std::string>{"group_by", "time_series"}));
}

}  // namespace
}  // namespace weir::mongodb_sink
