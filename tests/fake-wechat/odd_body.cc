#include "odd_body.hh"

#include <iterator>

namespace onlogin::fake {

namespace {

constexpr std::string_view plain = "text/plain";

std::string without(Members members, std::string_view name)
{
    std::erase_if(members, [&](const auto& member) { return member.first == name; });
    return write(members);
}

std::string with(Members members, std::string_view name, std::string value)
{
    set(members, name, std::move(value));
    return write(members);
}

std::string with_openid_twice(Members members)
{
    members.emplace_back("openid", json_string("oAnotherAnotherAnotherAnothe"));
    return write(members);
}

std::string cut(const Members& members)
{
    const auto text = write(members);
    return text.substr(0, text.size() / 2);
}

std::string with_padding(Members members)
{
    members.emplace_back("padding", json_string(std::string(70'000, 'x')));
    return write(members);
}

std::string with_nesting(Members members)
{
    members.emplace_back("deep", std::string(10'000, '[') + std::string(10'000, ']'));
    return write(members);
}

std::string with_unknown_members(Members members)
{
    members.insert(members.begin(), {"is_new", "true"});
    members.emplace_back("extra", R"({"list":[1,null,"\u4e2d文"],"openid":"not this one"})");
    return write(members);
}

constexpr OddBody bodies[] = {
    {"empty", "no byte", plain, [](Members) { return std::string{}; }},
    {"notjson", "a sentence", plain,
     [](Members) { return std::string{"system is busy, please try again"}; }},
    {"html", "an error page of a server in front, as text/html", "text/html",
     [](Members) {
         return std::string{"<html><head><title>502 Bad Gateway</title></head></html>\r\n"};
     }},
    {"array", "the object in an array", plain, [](Members m) { return '[' + write(m) + ']'; }},
    {"noopenid", "no openid", plain, [](Members m) { return without(std::move(m), "openid"); }},
    {"emptyopenid", "openid is \"\"", plain,
     [](Members m) { return with(std::move(m), "openid", "\"\""); }},
    {"numberopenid", "openid is a number", plain,
     [](Members m) { return with(std::move(m), "openid", "28"); }},
    {"notoken", "no access_token", plain,
     [](Members m) { return without(std::move(m), "access_token"); }},
    {"emptytoken", "access_token is \"\"", plain,
     [](Members m) { return with(std::move(m), "access_token", "\"\""); }},
    {"noexpiry", "no expires_in", plain,
     [](Members m) { return without(std::move(m), "expires_in"); }},
    {"nophone", "no phone_info", plain,
     [](Members m) { return without(std::move(m), "phone_info"); }},
    {"twice", "a second, different openid", plain, with_openid_twice},
    {"truncated", "the first half of the text", plain, [](Members m) { return cut(m); }},
    {"huge", "more than 64 KiB", plain, with_padding},
    {"deep", "a member nested 10,000 deep", plain, with_nesting},
    {"extra", "unknown members before and behind", plain, with_unknown_members},
    {"qq", "every member, as QQ answers; empty without a value", plain,
     [](Members m) { return write(qq_members(m)); }},
};

} // namespace

std::span<const OddBody> odd_bodies()
{
    return bodies;
}

} // namespace onlogin::fake
