import { CLOCK, script } from './script.ts';

/**
 * KEYS: entry. ARGV: value, its revision, condition (any, absent or is), expected revision, ttl (0: it stays), fence ('': none), channel.
 * Returns 'written', 'revision' or 'fence'.
 */
export const PUT = script(`
local old = redis.call('HMGET', KEYS[1], 'r', 'f')
if ARGV[3] == 'absent' and old[1] then return 'revision' end
if ARGV[3] == 'is' and old[1] ~= ARGV[4] then return 'revision' end
local fence = old[2] or '0'
if ARGV[6] ~= '' then
  if tonumber(ARGV[6]) < tonumber(fence) then return 'fence' end
  fence = ARGV[6]
end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'r', ARGV[2], 'f', fence)
if ARGV[5] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('PUBLISH', ARGV[7], ARGV[2])
return 'written'
`);

/** KEYS: entry. ARGV: expected revision ('': any), channel. Returns how many were removed. */
export const REMOVE = script(`
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'r') ~= ARGV[1] then return 0 end
local removed = redis.call('DEL', KEYS[1])
if removed == 1 then redis.call('PUBLISH', ARGV[2], '') end
return removed
`);

/**
 * KEYS: lock. ARGV: ttl, milliseconds for which its number is known afterwards, holder ('': none). Returns the number, or nothing.
 * The same holder gets the same number once more.
 */
export const ACQUIRE = script(`${CLOCK}
local old = redis.call('HMGET', KEYS[1], 'f', 'u', 'h')
local fence = math.max(tonumber(old[1] or '0') + 1, us)
if old[1] and tonumber(old[2]) > ms then
  if ARGV[3] == '' or old[3] ~= ARGV[3] then return false end
  fence = tonumber(old[1])
end
redis.call('HSET', KEYS[1], 'f', whole(fence), 'u', whole(ms + ARGV[1]), 'h', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
return whole(fence)
`);

/** KEYS: lock. ARGV: fence, ttl (0: it is released), as {@link ACQUIRE}. Returns 1 where it was held. */
export const RENEW = script(`${CLOCK}
local held = redis.call('HMGET', KEYS[1], 'f', 'u')
if held[1] ~= ARGV[1] or tonumber(held[2]) <= ms then return 0 end
redis.call('HSET', KEYS[1], 'u', whole(ms + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
return 1
`);

/** Members that are over go with each beat, so many at most. Below the most arguments that Lua passes to a function. */
const SWEPT = 1_000;

/** KEYS: when each member is over, what it says of itself. ARGV: member, info, ttl. Returns how many live. */
export const BEAT = script(`${CLOCK}
local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(ms), 'LIMIT', 0, ${SWEPT})
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('HDEL', KEYS[2], unpack(over))
end
redis.call('ZADD', KEYS[1], whole(ms + ARGV[3]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('ZCOUNT', KEYS[1], '(' .. whole(ms), '+inf')
`);

/** KEYS: as {@link BEAT}. ARGV: member. */
export const LEAVE = script(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
`);

/** KEYS: as {@link BEAT}. Returns names and infos in turns. */
export const MEMBERS = script(`${CLOCK}
local all = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(ms), '+inf')) do
  all[#all + 1] = name
  all[#all + 1] = redis.call('HGET', KEYS[2], name) or ''
end
return all
`);
