-- Sends 16 requests at once on each connection, and the next 16 when all are answered.
local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(folder .. "report.lua")

local batch

function init()
  local requests = {}
  for index = 1, 16 do
    requests[index] = wrk.format()
  end
  batch = table.concat(requests)
end

function request()
  return batch
end
