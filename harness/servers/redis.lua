-- One step of SCAN: the next cursor, then for each key its name, type, class of time to live and a few values, as a
-- flat list of netstrings. Never KEYS, and nothing that reads a whole large value.
local step = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local said, seen = {}, {}
local function say(text)
    text = tostring(text)
    said[#said + 1] = #text .. ':' .. text
end
local function values(kind, key)
    if kind == 'string' then return {redis.call('GETRANGE', key, 0, 4095)} end
    if kind == 'list' then return redis.call('LRANGE', key, 0, 4) end
    if kind == 'set' then return redis.call('SSCAN', key, 0, 'COUNT', 5)[2] end
    if kind == 'zset' then return redis.call('ZRANGE', key, 0, 4) end
    if kind == 'hash' then
        local names, found = {}, redis.call('HSCAN', key, 0, 'COUNT', 30)[2]
        for at = 1, #found, 2 do names[#names + 1] = found[at] end
        return names
    end
    if kind == 'stream' then
        local names, found = {}, redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
        if found[1] then for at = 1, #found[1][2], 2 do names[#names + 1] = found[1][2][at] end end
        return names
    end
    return {}
end
say(step[1])
for _, key in ipairs(step[2]) do
    local kind, ttl = redis.call('TYPE', key)['ok'], redis.call('PTTL', key)
    local alike = kind .. string.gsub(key, '%d+', '0')
    seen[alike] = (seen[alike] or 0) + 1
    local few = seen[alike] <= 5 and values(kind, key) or {}
    say(string.sub(key, 1, 300)); say(kind)
    say(ttl < 0 and 0 or ttl < 60000 and 1 or ttl < 3600000 and 2 or ttl < 86400000 and 3 or 4)
    say(math.min(#few, 30))
    for at = 1, math.min(#few, 30) do say(string.sub(few[at], 1, 4096)) end
end
return table.concat(said)
