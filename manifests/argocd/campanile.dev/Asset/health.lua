-- Waiting for a date or a person is Healthy: one scheduled post must not hold a sync for days. What is
-- stopped until somebody acts is Degraded.
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
  AwaitingApproval = "Healthy",
  AwaitingPerson = "Healthy",
  Blocked = "Degraded",
  Failed = "Degraded",
  Halted = "Degraded",
  Invalid = "Degraded",
  Missed = "Degraded",
  Pending = "Progressing",
  Posted = "Healthy",
  Publishing = "Progressing",
  Retracted = "Healthy",
  Scheduled = "Healthy",
  Skipped = "Healthy",
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
if phase == "Scheduled" and status.publishAtLocal ~= nil then
  message = message .. " for " .. status.publishAtLocal
elseif status.message ~= nil and status.message ~= "" then
  message = message .. ": " .. status.message
end
return {status = health[phase] or "Progressing", message = message}
