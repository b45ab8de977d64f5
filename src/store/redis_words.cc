#include "store/redis_words.hh"

namespace onlogin {

namespace {

constexpr auto its_commands = "its ACL must allow the user MGET, GET, SET, PTTL and EVAL on "
                              "~onlogin:*, and should allow INFO";
constexpr auto no_cluster = "it is part of a cluster, which is not supported";
constexpr auto is_replica = "it is a replica: name the master in session.revocations";
constexpr auto is_loading = "it reads its data, and answers soon";

constexpr RedisWords::Refusal refusals[] = {
    {"NOAUTH", "", "", "put its password into session.revocations: redis://:PASSWORD@HOST:PORT/DB"},
    {"WRONGPASS", "", "", "user or password in session.revocations is wrong"},
    {"NOPERM", "", "", its_commands},
    {"LOADING", "", "", is_loading},
    {"READONLY", "", "", is_replica},
    {"MASTERDOWN", "", "", is_replica},
    {"OOM", "", "", "it is out of memory: raise its maxmemory"},
    {"MISCONF", "", "", "it cannot write its data to the disk: see its log"},
    {"NOREPLICAS", "", "", "it has fewer replicas than its min-replicas-to-write: see its log"},
    {"DENIED", "", "",
     "its protected-mode lets nobody in from other hosts: give it a password, or set bind"},
    {"MOVED", "", "", no_cluster},
    {"CROSSSLOT", "", "", no_cluster},
    {"CLUSTERDOWN", "", "", no_cluster},
    {"BUSY", "", "", "a script holds it up"},
    {"ERR", "AUTH", "assword", // `without any password configured`, `no password is set`
     "no password is set there, or that one is wrong: take USER:PASSWORD@ out of "
     "session.revocations, or set requirepass in its configuration"},
    {"ERR", "AUTH", "wrong number of arguments",
     "it knows no users (they came with Redis 6): write :PASSWORD@ without a user in "
     "session.revocations"},
    {"ERR", "SELECT", "cluster", no_cluster},
    {"ERR", "SELECT", "",
     "it has no database of that number: name a smaller one in session.revocations, or raise "
     "`databases` in its configuration (16, if nobody has)"},
    {"ERR", "", "max number of clients",
     "it has as many clients as it takes: raise its maxclients"},
    {"ERR", "", "unknown command",
     "it does not know this command: take away its rename-command in the configuration of that "
     "Redis; a Sentinel is none"},
};

// SET … XX changes what is there, and there is nothing.
constexpr std::string_view probe[] = {"EVAL", "return redis.pcall('SET', KEYS[1], '1', 'XX')", "1",
                                      "onlogin:ended:probe"};

} // namespace

const RedisWords redis_words{
    .refusals = refusals,
    .other_refusal = "see its log and session.revocations",
    .replica = is_replica,
    .loading = is_loading,
    .no_tls = "if that port speaks no TLS, write redis:// in session.revocations, not rediss://",
    .only_tls = "if that port speaks TLS alone, write rediss:// in session.revocations",
    .probe = probe,
    .back = "revocations back",
    .disconnected = "revocations disconnected",
    .unreachable = "revocations unreachable",
    .may_be_evicted = "revocations may be evicted",
    .evicted_advice =
        marked("set maxmemory-policy noeviction, or ended sessions live again when it is full"),
    .may_be_lost = "revocations may be lost",
    .lost_advice = marked("set appendonly yes, or ended sessions live again when it restarts"),
};

} // namespace onlogin
