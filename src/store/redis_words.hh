#pragma once

// What is said of a Redis that keeps ended sessions: to the log, to the operator, by the doctor.

#include "store/redis_client.hh"

namespace onlogin {

extern const RedisWords redis_words;

} // namespace onlogin
