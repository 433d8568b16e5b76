-- A decision of a person. One that does not count helps nobody until somebody decides anew: Degraded.
local status = obj.status or {}
local generation = obj.metadata.generation
if generation ~= nil and status.observedGeneration ~= generation then
  return {status = "Progressing", message = "Waiting for the operator to read generation " .. tostring(generation)}
end

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Valid" then
    return {status = condition.status == "True" and "Healthy" or "Degraded", message = condition.message}
  end
end
return {status = "Progressing", message = "Waiting for the operator"}
