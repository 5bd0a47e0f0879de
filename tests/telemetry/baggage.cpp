// Baggage between processes: nothing that is legal is lost or changed.
#include "telemetry/baggage.hpp"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <opentelemetry/baggage/baggage_context.h>

#include "support.hpp"

namespace skein::test {
namespace {

namespace api = opentelemetry::baggage;
using members = std::map<std::string, std::string>;
using telemetry::from_baggage_header;
using telemetry::to_baggage_header;

api::Baggage baggage(const std::vector<std::pair<std::string, std::string>>& of) {
  return api::Baggage(of);
}
members read(const std::string& header) {
  members out;
  from_baggage_header(header)->GetAllEntries([&](auto key, auto value) {
    out[std::string(key)] = std::string(value);
    return true;
  });
  return out;
}

TEST(Baggage, LegalOctetsStayAsTheyAre) {
  EXPECT_EQ(read("user=a/b:c@d=e+f, tenant = x%20y ,empty="),
            (members{{"user", "a/b:c@d=e+f"}, {"tenant", "x y"}, {"empty", ""}}));
  EXPECT_EQ(to_baggage_header(baggage({{"user", "a/b:c@d=e+f"}})), "user=a/b:c@d=e+f");
}

TEST(Baggage, TheRestIsPercentEncoded) {
  EXPECT_EQ(to_baggage_header(baggage({{"k", "a b,c;d\"e\\f%g"}})), "k=a%20b%2Cc%3Bd%22e%5Cf%25g");
  EXPECT_EQ(to_baggage_header(baggage({{"k", "\xc3\xa9\n"}})), "k=%C3%A9%0A");
}

TEST(Baggage, EverythingComesBack) {
  std::minstd_rand random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string value;
    for (auto n = random() % 20; n > 0; --n) {
      const auto c = 1 + random() % 130;  // OpenTelemetry keeps no zero bytes
      value += c < 128 ? std::string(1, static_cast<char>(c)) : std::string("\xe2\x82\xac");
    }
    if (value.contains(';')) continue;  // may be properties
    EXPECT_EQ(read(to_baggage_header(baggage({{"k", value}}))), (members{{"k", value}}));
  }
}

TEST(Baggage, PropertiesTravelWithTheirMember) {
  const std::string header = "k=v;ttl=30;private,l=w";
  EXPECT_EQ(read(header), (members{{"k", "v;ttl=30;private"}, {"l", "w"}}));
  EXPECT_EQ(to_baggage_header(*from_baggage_header(header)), header);
}

TEST(Baggage, MalformedMembersDoNotCostTheOthers) {
  EXPECT_EQ(read("a=1,nothing,=2,b c=3,d=\"x\",e=5;=,f=6,,g=%zz,h=100%"),
            (members{{"a", "1"}, {"f", "6"}, {"g", "%zz"}, {"h", "100%"}}));
  EXPECT_EQ(read("k=%ff"), (members{{"k", "\xef\xbf\xbd"}}));
  EXPECT_EQ(read("k=1,k=2"), (members{{"k", "2"}}));
  EXPECT_EQ(read(""), members{});
  EXPECT_EQ(to_baggage_header(baggage({{"bad key", "v"}, {"", "v"}, {"k", "v"}})), "k=v");
}

TEST(Baggage, HasLimits) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 100; ++i) many.emplace_back("k" + std::to_string(i), "v");
  EXPECT_EQ(read(to_baggage_header(baggage(many))).size(), 64U);
  const auto header =
      to_baggage_header(baggage({{"a", "1"}, {"large", std::string(9000, 'x')}, {"b", "2"}}));
  EXPECT_EQ(header, "a=1,b=2") << "a member that does not fit is left out whole";
}

TEST(Baggage, GoesThroughTheGlobalPropagatorsForm) {
  telemetry::baggage_propagator propagator;
  opentelemetry::context::Context empty;
  carrier none;
  propagator.Inject(none, empty);
  EXPECT_TRUE(none.values.empty());
  EXPECT_EQ(propagator.Extract(none, empty), empty);

  carrier in;
  in.values["baggage"] = "user=a@b.example";
  auto context = propagator.Extract(in, empty);
  carrier out;
  propagator.Inject(out, context);
  EXPECT_EQ(out.values, in.values);
}

}  // namespace
}  // namespace skein::test
