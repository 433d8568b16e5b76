-- A Halt belongs to no branch; where one is shown all the same, what it stops is meant: Healthy. One that stops nothing
-- was meant to stop something: Degraded.
local status = obj.status or {}
local generation = obj.metadata.generation
if generation ~= nil and status.observedGeneration ~= generation then
  return {status = "Progressing", message = "Waiting for the operator to read generation " .. tostring(generation)}
end

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Effective" then
    if condition.reason == "MatchesNothing" then
      return {status = "Degraded", message = condition.message}
    end
    return {status = "Healthy", message = condition.message}
  end
end
return {status = "Progressing", message = "Waiting for the operator"}
