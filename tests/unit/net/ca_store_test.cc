#include "net/ca_store.hh"

#include <filesystem>
#include <fstream>

#include <boost/test/unit_test.hpp>

using onlogin::has_hashed_certificates;

namespace {

struct Directory
{
    std::string path = (std::filesystem::temp_directory_path() / "onlogin-unit.XXXXXX").string();

    Directory() { BOOST_REQUIRE(mkdtemp(path.data())); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path); }

    void add(const std::string& name) const { std::ofstream{path + '/' + name} << "x"; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ca_directory, Directory)

BOOST_AUTO_TEST_CASE(a_directory_with_hashes_has_certificates)
{
    add("ca-certificates.crt");
    BOOST_TEST(!has_hashed_certificates(path));
    add("3513523f.0");
    BOOST_TEST(has_hashed_certificates(path));
}

BOOST_AUTO_TEST_CASE(other_names_are_no_hashes)
{
    for (const auto* name : {"3513523f", "3513523f.pem", "3513523g.0", "13523f.0", "03513523f.0"})
        add(name);
    BOOST_TEST(!has_hashed_certificates(path));
}

BOOST_AUTO_TEST_CASE(a_missing_directory_has_none)
{
    BOOST_TEST(!has_hashed_certificates(path + "/nowhere"));
    BOOST_TEST(!has_hashed_certificates(""));
}

BOOST_AUTO_TEST_SUITE_END()
