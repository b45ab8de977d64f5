#pragma once

// The published test vectors of PASETO, PASERK and WeChat, in tests/vectors.

#include "base/json.hh"
#include "session/paseto.hh"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace onlogin {

inline std::string from_hex(const std::string& hex)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

// Throws std::invalid_argument when it is too short or too long.
inline LocalKey key_from_hex(const std::string& hex)
{
    return LocalKey{Secret{from_hex(hex)}};
}

// A whole file.
inline Json::Value read_vector_file(const std::string& name)
{
    const auto file = std::filesystem::path{__FILE__}.parent_path() / "vectors" / name;
    std::ifstream stream{file};
    std::stringstream text;
    text << stream.rdbuf();
    const auto json = parse_json(text.str());
    BOOST_REQUIRE_MESSAGE(json, "run this where the sources are: no vectors in " << file);
    return *json;
}

// The tests of a file of PASETO or PASERK.
inline Json::Value read_vectors(const std::string& name)
{
    return read_vector_file(name)["tests"];
}

} // namespace onlogin
