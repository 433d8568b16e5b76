-- The proof of one publication.
local status = obj.status or {}
local generation = obj.metadata.generation
if generation ~= nil and status.observedGeneration ~= generation then
  return {status = "Progressing", message = "Waiting for the operator to read generation " .. tostring(generation)}
end

local stalled = false
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Stalled" and condition.status == "True" then
    stalled = true
  end
end

local health = {
  Claimed = "Progressing",
  Failed = "Degraded",
  Published = "Healthy",
  Released = "Healthy",
  Sending = "Progressing",
  -- May be live: looked up and settled by the operator, until it needs a person.
  Unknown = stalled and "Degraded" or "Progressing",
}

local phase = status.phase
if phase == nil then
  return {status = "Progressing", message = "Waiting for the operator"}
end
local message = phase
if status.reason ~= nil and status.reason ~= "" then
  message = message .. " (" .. status.reason .. ")"
end
if phase == "Published" and status.url ~= nil and status.url ~= "" then
  message = message .. ": " .. status.url
elseif status.message ~= nil and status.message ~= "" then
  message = message .. ": " .. status.message
end
return {status = health[phase] or "Progressing", message = message}
