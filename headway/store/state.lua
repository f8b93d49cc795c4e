-- Every write of headway, atomically: fence, next seq, snapshot, publish, event, life.
-- A snapshot is stored as a head that this script owns (seq, attempt, control, updated_at) followed by the body
-- that the running attempt's reporter owns. They are joined as text and never re-encoded: cjson would turn [] into
-- {} and round numbers.

local KEY = {
    snapshot = KEYS[1], state = KEYS[2], spec = KEYS[3], attempts = KEYS[4], lease = KEYS[5],
    result = KEYS[6], events = KEYS[7], events_count = KEYS[8], index = KEYS[9], owner_index = KEYS[10],
    active = KEYS[11], waiting = KEYS[12], delayed = KEYS[13],
    checkpoint = KEYS[14], unbegun = KEYS[15], transitions = KEYS[16],
}
local op = ARGV[1]
local job_id = ARGV[2]
local channel = ARGV[3]
local keep_ms = ARGV[4]
local events_max = ARGV[5]
local now = ARGV[6]
local token = ARGV[7] -- of the holder, or of this one request
local TRANSITIONS_MAX = 20000
local TERMINAL = {finished = true, failed = true, canceled = true}
local ATTEMPTS_KEPT = 20
-- What a job said last is kept beside the streams of all jobs: so long after the latest, so much of it.
local LIVE_MS, LIVE_BYTES, LIVE_ENTRIES_MIN, LIVE_ENTRIES_MAX = 3600000, 4194304, 20, 1000

local got = redis.call('HMGET', KEY.state,
    'seq', 'attempt', 'status', 'token', 'control', 'asked', 'head', 'writer', 'counter', 'writer_seq',
    'request', 'request_seq', 'hold', 'paused_ms', 'adopted', 'deleted')
-- Written out: a loop over the names took more time than the command.
local state = {
    seq = got[1] or '', attempt = got[2] or '', status = got[3] or '', token = got[4] or '', control = got[5] or '',
    asked = got[6] or '', head = got[7] or '', writer = got[8] or '', counter = got[9] or '',
    writer_seq = got[10] or '', request = got[11] or '', request_seq = got[12] or '', hold = got[13] or '',
    paused_ms = got[14] or '', adopted = got[15] or '', deleted = got[16] or '',
}
local exists = state.seq ~= ''
local seq = tonumber(state.seq) or 0
local attempt = tonumber(state.attempt) or 1

local function answer(code, at)
    return {code, at or seq, attempt, state.asked, state.paused_ms}
end

local function renew(key)
    redis.call('PEXPIRE', key, keep_ms)
end

local function renew_all()
    renew(KEY.snapshot)
    renew(KEY.state)
    renew(KEY.spec)
    renew(KEY.attempts)
    renew(KEY.lease)
    renew(KEY.result)
    renew(KEY.checkpoint)
    renew(KEY.owner_index)
end

local function record(kind, snapshot, ended, extra)
    local count = redis.call('INCR', KEY.events_count)
    local entry = {'n', count, 'job', job_id, 'kind', kind, 'snapshot', snapshot}
    if ended ~= '' then
        entry[#entry + 1] = 'ended'
        entry[#entry + 1] = ended
    end
    if extra ~= '' then
        entry[#entry + 1] = 'extra'
        entry[#entry + 1] = extra
    end
    return redis.call('XADD', KEY.events, 'MAXLEN', '~', events_max, '*', unpack(entry))
end

-- Keep what just went into the stream of all jobs in one of this job's own too, under the same id.
local function keep_live(key, id, bytes, ...)
    local most = math.max(LIVE_ENTRIES_MIN, math.min(LIVE_ENTRIES_MAX, math.floor(LIVE_BYTES / bytes)))
    local kept = redis.pcall('XADD', key, 'MAXLEN', '~', most, id, ...)
    if type(kept) == 'table' and kept.err then
        -- The ids run backwards, since Redis lost the other stream: begin anew with it.
        redis.call('DEL', key)
        redis.call('XADD', key, id, ...)
    end
    redis.call('PEXPIRE', key, LIVE_MS)
end

-- What a job does not come to, but is found in by a Redis that had lost it, is no change.
local function transition(status, snapshot, adopted)
    if status ~= state.status and (exists or op ~= 'write' or TERMINAL[status]) then
        redis.call('XADD', KEY.transitions, 'MAXLEN', '~', TRANSITIONS_MAX, '*', 'job', job_id, 'was', state.status,
            'seq', seq, 'attempt', attempt, 'adopted', adopted, 'snapshot', snapshot)
    end
end

-- `own` are further fields of the state that this kind of write sets.
local function commit(status, control, body, ended, extra, own)
    local head = string.format('{"seq":%d,"attempt":%d,"control":%s,"updated_at":"%s",', seq, attempt, control, now)
    local snapshot = head .. body
    redis.call('SET', KEY.snapshot, snapshot, 'PX', keep_ms)
    redis.call('HSET', KEY.state, 'seq', seq, 'attempt', attempt, 'status', status, 'control', control,
        'asked', state.asked, 'head', #head, unpack(own))
    renew(KEY.state)
    if ended ~= '' then
        redis.call('RPUSH', KEY.attempts, ended)
        redis.call('LTRIM', KEY.attempts, -ATTEMPTS_KEPT, -1)
        renew(KEY.attempts)
    end
    if TERMINAL[status] then
        renew_all()
    end
    if status == 'finished' then
        -- Run once more, it is to be the whole of it.
        redis.call('DEL', KEY.checkpoint)
    end
    redis.call('PUBLISH', channel, snapshot)
    local id = record('write', snapshot, ended, extra)
    transition(status, snapshot, 0)
    return id
end

local function index(created_ms, owner, index_max)
    redis.call('ZADD', KEY.index, created_ms, job_id)
    redis.call('ZREMRANGEBYRANK', KEY.index, 0, -index_max - 1)
    if owner ~= '' then
        redis.call('ZADD', KEY.owner_index, created_ms, job_id)
        redis.call('ZREMRANGEBYRANK', KEY.owner_index, 0, -index_max - 1)
        renew(KEY.owner_index)
    end
end

-- The judge and the monitor look at these four instead of at every job; called whenever status or holder changed.
local function place(status, holder, delay_ms)
    local time = redis.call('TIME')
    local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
    if status == 'queued' or (status == 'paused' and holder == '') then
        redis.call('ZADD', KEY.unbegun, now_ms, job_id)
    else
        redis.call('ZREM', KEY.unbegun, job_id)
    end
    if status == 'queued' then
        redis.call('ZADD', KEY.waiting, now_ms, job_id)
        redis.call('HDEL', KEY.active, job_id)
        if delay_ms > 0 then
            redis.call('ZADD', KEY.delayed, now_ms + delay_ms, job_id)
        else
            redis.call('ZREM', KEY.delayed, job_id)
        end
        return
    end
    if holder ~= '' then
        redis.call('HSETNX', KEY.active, job_id, holder .. ':start:0')
    else
        redis.call('HDEL', KEY.active, job_id)
    end
    redis.call('ZREM', KEY.waiting, job_id)
    redis.call('ZREM', KEY.delayed, job_id)
end

-- Of an attempt that another one follows, a pause or a cancel stays asked.
local function forget_request(with_next)
    if not (with_next and (state.asked == 'pause' or state.asked == 'cancel')) then
        state.asked, state.control = '', ''
    end
end

local function not_there()
    if state.deleted ~= '' then
        return answer('gone')
    end
    if not exists then
        return answer('unknown')
    end
end

-- The holder is the token that start() let in, until its attempt ends, is released or is declared lost.
local function refusal_of_holder(own_attempt, given)
    if state.token == token then
        return nil
    end
    -- This writer was once given a larger seq than is stored: Redis came back older than it.
    if given > seq and own_attempt >= attempt then
        if TERMINAL[state.status] and own_attempt == attempt then
            return 'over'
        end
        return nil
    end
    if TERMINAL[state.status] or own_attempt < attempt then
        return 'over'
    end
    return 'fenced'
end
