-- Health of a LiveStream in Argo CD: what kstatus says of it, in Argo CD's words.
-- Only what a human must mend is Degraded, because that fails a sync; an idle encoder is Healthy.

-- Argo CD's Suspended: it is left as it is because somebody wants that.
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is true: nothing is changed at the provider" }
end

local status = obj.status
if status == nil or status.conditions == nil then
  return { status = "Progressing", message = "The operator has not seen it yet" }
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function on(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

-- What is said of an older spec says nothing of this one: a wave must not go on for it.
local seen = status.observedGeneration == obj.metadata.generation
if seen and on("Stalled") then
  return { status = "Degraded", message = conditions.Stalled.message }
end
if on("Reconciling") then
  return { status = "Progressing", message = conditions.Reconciling.message }
end
if not seen then
  return { status = "Progressing", message = "The operator has not seen the newest spec yet" }
end
if on("Ready") then
  -- Somebody changed it at the provider, and the spec asks only to be told of that.
  if on("Drifted") then
    return { status = "Healthy", message = conditions.Drifted.message }
  end
  return { status = "Healthy", message = conditions.Ready.message }
end
if conditions.Ready ~= nil then
  return { status = "Progressing", message = conditions.Ready.message }
end
return { status = "Progressing", message = "The operator has not judged it yet" }
