-- A campaign whose newest revision is read and applied is Healthy: bad rows do not stop the others
-- and come from another repository than the manifest, so they are told in the message.
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
if is("SourceParsed", "False") then
  return {status = "Degraded", message = conditions.SourceParsed.message}
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return {status = "Healthy", message = "Suspended by spec.suspend: nothing is read or sent"}
end
if is("Ready", "True") then
  if is("RowsHealthy", "False") then
    return {status = "Healthy", message = conditions.RowsHealthy.message}
  end
  return {status = "Healthy", message = conditions.Ready.message}
end
if conditions.Ready ~= nil then
  return {status = "Progressing", message = conditions.Ready.message}
end
return {status = "Progressing", message = "Waiting for the operator"}
