import { CLOCK, script } from './script.ts';

/**
 * \`debtAt\` and \`takeFrom\` of core, with the same numbers: those of Lua are doubles as well. A bucket is gone some time after its debt is
 * paid, and one from which nothing is taken stays as it is.
 *
 * KEYS: bucket. ARGV: amount, per, burst, 'take' or 'lease', n, patience, what is owed, now ('': by the server's clock).
 * Returns what was taken, retryAfter, remaining, as texts, because a reply holds no number above 2^63.
 */
export const TAKE = script(`${CLOCK}
local now = us
if ARGV[8] ~= '' then now = tonumber(ARGV[8]) end
local amount, per, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local n, patience, owed = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local at, debt = now, 0
local old = redis.call('HMGET', KEYS[1], 'a', 'd')
if old[1] then at, debt = tonumber(old[1]), tonumber(old[2]) end
local isBack = at > now
if now > at then debt = math.max(0, debt - (now - at) * amount) end
-- A clock that was put back goes on from there, because the debt would not be paid until it is where it was.
at = now
local unit = per * 1000
local most = burst * unit
local paid = amount * 1000
debt = debt + owed * unit
if ARGV[4] == 'lease' and n > 0 then n = math.max(1, math.min(n, math.floor((most - debt) / unit))) end
local sum = debt + n * unit
local retry = 0
if sum > most then retry = math.ceil((sum - most) / paid) end
local taken = 0
if sum <= most + patience * paid then
  taken = 1
  debt = sum
end
if owed > 0 or taken * n > 0 or isBack then
  redis.call('HSET', KEYS[1], 'a', whole(at), 'd', whole(debt))
  redis.call('PEXPIRE', KEYS[1], whole(math.ceil(debt / paid) + 10000))
end
return { whole(taken * (ARGV[4] == 'lease' and n or 1)), whole(retry), whole(math.max(0, math.floor((most - debt) / unit))) }
`);

/**
 * \`holdIn\` of base. The sum of all is kept, because a limit of a whole service has as many holders as there are processes. Where one of the two
 * keys was evicted, all begin anew, and have said within their ttl what they have.
 *
 * KEYS: when each holder is over, what it has ('' is the sum). ARGV: holder, most, held, wanted, ttl, now ('': by the server's clock). Returns granted
 * and free.
 */
export const HOLD = script(`${CLOCK}
local now = ms
if ARGV[6] ~= '' then now = math.floor(tonumber(ARGV[6]) / 1000) end
local holder, most, held, wanted, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local known = redis.call('ZCARD', KEYS[1])
if known == 0 or redis.call('HLEN', KEYS[2]) ~= known + 1 then redis.call('DEL', KEYS[1], KEYS[2]) end
local sum = tonumber(redis.call('HGET', KEYS[2], '') or '0')
local function drop(name)
  sum = sum - (redis.call('HGET', KEYS[2], name) or 0)
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now))) do drop(name) end
drop(holder)
local granted = math.max(0, math.min(wanted, most - sum - held))
local left = redis.call('PTTL', KEYS[1])
if held + granted > 0 then
  sum = sum + held + granted
  redis.call('ZADD', KEYS[1], whole(now + ttl), holder)
  redis.call('HSET', KEYS[2], holder, whole(held + granted))
end
if redis.call('ZCARD', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[2])
else
  redis.call('HSET', KEYS[2], '', whole(sum))
  redis.call('PEXPIRE', KEYS[1], math.max(left, ttl))
  redis.call('PEXPIRE', KEYS[2], math.max(left, ttl))
end
return { granted, math.max(0, most - sum) }
`);

/**
 * \`countIn\` of base. A counter is gone soon after its period.
 *
 * KEYS: counter. ARGV: most, period, used, wanted, the period of what is given back ('': none), the most that is counted, now ('': by the server's
 * clock). Returns granted, total, the number of the period, milliseconds until it ends, as texts.
 */
export const COUNT = script(`${CLOCK}
local now = ms
if ARGV[7] ~= '' then now = math.floor(tonumber(ARGV[7]) / 1000) end
local most, period, used, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local of = math.floor(now / period)
local old = redis.call('HMGET', KEYS[1], 'p', 't')
local total = 0
if old[1] then
  local before = tonumber(old[1])
  if before == of + 1 then of = before end
  if before == of then total = tonumber(old[2]) end
end
if used < 0 and ARGV[5] ~= whole(of) then used = 0 end
total = math.max(0, math.min(tonumber(ARGV[6]), total + used))
local granted = math.max(0, math.min(wanted, most - total))
total = total + granted
local left = math.max(0, (of + 1) * period - now)
if used ~= 0 or granted > 0 then
  redis.call('HSET', KEYS[1], 'p', whole(of), 't', whole(total))
  redis.call('PEXPIRE', KEYS[1], whole(left + 10000))
end
return { whole(granted), whole(total), whole(of), whole(left) }
`);
