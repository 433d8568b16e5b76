-- A pack that cannot judge keeps everything that relies on it from being sent until somebody changes it:
-- Degraded.
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
if is("Ready", "True") then
  return {status = "Healthy", message = conditions.Ready.message}
end
return {status = "Progressing", message = "Waiting for the operator"}
