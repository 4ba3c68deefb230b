-- What wrk sends, by its environment:
--   LOAD_PATH      GETs of this path; if it is not set, POSTs of an order of two random products each
--   LOAD_TOKENS    a file of bearer tokens, LOAD_PRODUCTS one of product ids, one a line
--   LOAD_COUNT     sends so many and then waits to be interrupted; 0 sends as long as wrk's -d says
-- Its last line is RESULT and a JSON object; latencies in microseconds, from wrk's histogram.
local path, count = os.getenv("LOAD_PATH"), tonumber(os.getenv("LOAD_COUNT") or "0")
-- wrk asks for one before it begins, to look at it.
local sent = -1

local function lines(file)
  local all = {}
  for line in io.lines(file) do
    if line ~= "" then all[#all + 1] = line end
  end
  return all
end

if not path then
  local tokens, products = lines(os.getenv("LOAD_TOKENS")), lines(os.getenv("LOAD_PRODUCTS"))
  local run, heads = os.time() .. "-" .. tostring({}):sub(8), {}
  local middle, tail = '","quantity":1},{"product_id":"', '","quantity":1}],"shipping_address":{"name":"Ada Lovelace",'
    .. '"line1":"12 St James\'s Square","city":"London","postal_code":"SW1Y 4JH","country":"GB"}}'

  -- All of a head but what differs from request to request is put together once.
  function init()
    math.randomseed(os.time())
    local length = #'{"items":[{"product_id":"' + 2 * 36 + #middle + #tail
    for i, token in ipairs(tokens) do
      heads[i] = "POST /api/v1/orders HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer " .. token
        .. "\r\nContent-Type: application/json\r\nContent-Length: " .. length .. "\r\nIdempotency-Key: " .. run .. "-"
    end
  end

  function request()
    sent = sent + 1
    local first = math.random(#products)
    local second = (first + math.random(#products - 1) - 1) % #products + 1
    return heads[math.random(#heads)] .. sent .. '\r\n\r\n{"items":[{"product_id":"' .. products[first] .. middle .. products[second] .. tail
  end

  if count > 0 then
    function delay() return sent < count and 0 or 1e9 end
  end
else
  wrk.path = path
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"refused":%d,"broken":%d,"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration / 1e6, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
