-- What wrk sends. Arguments: method, file with the body or "-", most requests to send or 0 for no limit.
-- Prints one line of JSON at the end, for the program that started wrk.

function init(args)
   wrk.method = args[1]
   if args[2] ~= "-" then
      local file = assert(io.open(args[2], "rb"))
      wrk.body = file:read("*a")
      wrk.headers["Content-Type"] = "application/json"
      file:close()
   end
   local left = tonumber(args[3])
   if left > 0 then
      local text = wrk.format()
      function request()
         left = left - 1
         if left < 0 then wrk.thread:stop() end
         return text
      end
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   print(string.format('{"requests": %d, "duration_us": %d, "refused": %d, "broken": %d}', summary.requests,
      summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
