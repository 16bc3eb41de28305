-- What wrk sends: a counted number of requests, each answered before the program ends, so that the CPU time of the
-- server and the number of its answers belong together.
-- Arguments: method, file with the body or "-", number of requests. Prints one line of JSON for whoever started wrk.

local ffi = require("ffi")
ffi.cdef("struct moment { long s; long ns; }; int clock_gettime(int clock, struct moment *now);")

local MONOTONIC = 1
local PARKED_MS = 3600000

local wanted, sent, answered, refused, began

local function seconds()
   local now = ffi.new("struct moment")
   ffi.C.clock_gettime(MONOTONIC, now)
   return tonumber(now.s) + tonumber(now.ns) / 1e9
end

local function report(answered, refused, duration, broken)
   print(string.format('{"answered": %d, "refused": %d, "duration_s": %.6f, "broken": %d}', answered, refused, duration,
      broken))
end

function init(args)
   wrk.method = args[1]
   if args[2] ~= "-" then
      local file = assert(io.open(args[2], "rb"))
      wrk.body = file:read("*a")
      wrk.headers["Content-Type"] = "application/json"
      file:close()
   end
   wanted, sent, answered, refused, began = tonumber(args[3]), 0, 0, 0, seconds()
end

-- Asked before each request; a connection is parked when enough have been sent.
function delay()
   sent = sent + 1
   return sent > wanted and PARKED_MS or 0
end

function response(status)
   answered = answered + 1
   if status < 200 or status > 299 then refused = refused + 1 end
   if answered == wanted then
      report(answered, refused, seconds() - began, 0)
      io.stdout:flush()
      os.exit(0) -- wrk itself would sleep until the end of its -d
   end
end

-- Reached only when time runs out first.
function done(summary)
   local errors = summary.errors
   report(summary.requests, errors.status, summary.duration / 1e6,
      errors.connect + errors.read + errors.write + errors.timeout)
end
