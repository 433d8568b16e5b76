-- A Secret that is not there yet may be on its way (another wave, another operator): Progressing. A
-- channel that the platform refused stays so until somebody changes it: Degraded.
local status = obj.status or {}
local generation = obj.metadata.generation
if generation ~= nil and status.observedGeneration ~= generation then
  return {status = "Progressing", message = "Waiting for the operator to read generation " .. tostring(generation)}
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function is(name, value)
  return conditions[name] ~= nil and conditions[name].status == value
end

if is("Stalled", "True") then
  return {status = "Degraded", message = conditions.Stalled.message}
end
if status.refused ~= nil then
  return {status = "Degraded", message = status.refused.message}
end
if obj.spec ~= nil and obj.spec.publishEnabled == false then
  return {status = "Healthy", message = "Switched off by spec.publishEnabled: nothing is sent"}
end
if is("Ready", "True") then
  return {status = "Healthy", message = conditions.Ready.message}
end
if conditions.Ready ~= nil then
  return {status = "Progressing", message = conditions.Ready.message}
end
return {status = "Progressing", message = "Waiting for the operator"}
