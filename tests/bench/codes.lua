-- A different login code in each request; the thread's number keeps the codes of threads apart.
local threads = 0
local number = 0

function setup(thread)
   thread:set("id", threads)
   threads = threads + 1
end

function request()
   number = number + 1
   return wrk.format("GET", string.format("%s?code=0%d%030d", wrk.path, id, number))
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format("RESULT %d %d %.3f %.3f %d\n",
      summary.requests, summary.duration, latency:percentile(50) / 1000,
      latency:percentile(99) / 1000,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
