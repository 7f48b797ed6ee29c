-- One step of SCAN: the next cursor, then for each key its name, type, class of time to live, size, what it holds where
-- it is small and does not expire, and a few values, as a flat list of netstrings. Never KEYS, and nothing that reads a
-- whole large value.
local step = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local said, seen = {}, {}
local SIZES = {string = 'STRLEN', list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN', stream = 'XLEN'}
local FEW, SMALL, SHORT = 25, 64, 4096
local function say(text)
    text = tostring(text)
    said[#said + 1] = #text .. ':' .. text
end
local function values(kind, key)
    if kind == 'string' then return {redis.call('GETRANGE', key, 0, 4095)} end
    if kind == 'list' then return redis.call('LRANGE', key, 0, 29) end
    if kind == 'set' then return redis.call('SSCAN', key, 0, 'COUNT', 30)[2] end
    if kind == 'zset' then return redis.call('ZRANGE', key, 0, 29) end
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
local function joined(list)
    local parts = {}
    for at = 1, #list do parts[at] = #list[at] .. ':' .. list[at] end
    return table.concat(parts)
end
-- A time of today says when something was written, and not what: `<time>` stands for it, as seconds, milliseconds,
-- microseconds or nanoseconds since 1970, or by one of the dates in ARGV[3] (`2026-11-30,2026-12-01`).
local now = tonumber(redis.call('TIME')[1])
local function timeless(text)
    text = string.gsub(text, '(%d%d%d%d%-%d%d%-%d%d)[T ]%d%d:%d%d:?%d*[.,]?%d*', function(day)
        return string.find(ARGV[3], day, 1, true) and '<time>' or nil
    end)
    return (string.gsub(text, '%d+%.?%d*', function(number)
        local value = tonumber(number)
        for _, unit in ipairs({1, 1e3, 1e6, 1e9}) do
            if math.abs(value / unit - now) < 86400 then return '<time>' end
        end
    end))
end
-- `=text` of a short string, else the hash of all of it, of a string with its length; nothing where it is large.
local function whole(kind, key, size)
    if kind == 'string' then
        if size > SHORT then return '' end
        local text = timeless(redis.call('GET', key))
        return #text <= 60 and '=' .. text or redis.sha1hex(text) .. '/' .. #text
    end
    if size > SMALL then return '' end
    local found
    if kind == 'list' then found = redis.call('LRANGE', key, 0, -1) end
    if kind == 'set' then found = redis.call('SMEMBERS', key); table.sort(found) end
    if kind == 'zset' then found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
    if kind == 'hash' then
        local pairs_of = redis.call('HGETALL', key)
        found = {}
        for at = 1, #pairs_of, 2 do found[#found + 1] = joined({pairs_of[at], timeless(pairs_of[at + 1])}) end
        table.sort(found)
    end
    return found and redis.sha1hex(joined(found)) or ''
end
say(step[1])
for _, key in ipairs(step[2]) do
    local kind, ttl = redis.call('TYPE', key)['ok'], redis.call('PTTL', key)
    local alike = kind .. string.gsub(key, '%d+', '0')
    seen[alike] = (seen[alike] or 0) + 1
    local size = SIZES[kind] and redis.call(SIZES[kind], key) or 0
    local few = seen[alike] <= FEW and values(kind, key) or {}
    say(string.sub(key, 1, 300)); say(kind)
    say(ttl < 0 and 0 or ttl < 60000 and 1 or ttl < 3600000 and 2 or ttl < 86400000 and 3 or 4)
    say(size); say(ttl < 0 and seen[alike] <= FEW and whole(kind, key, size) or '')
    say(math.min(#few, 30))
    for at = 1, math.min(#few, 30) do say(string.sub(few[at], 1, 4096)) end
end
return table.concat(said)
