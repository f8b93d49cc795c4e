-- Every write of headway, atomically: fence, next seq, snapshot, publish, event, life.
-- A snapshot is stored as a head that this script owns (seq, attempt, control, updated_at) followed by the body
-- that the running attempt's reporter owns. They are joined as text and never re-encoded: cjson would turn [] into
-- {} and round numbers.

local KEY = {
    snapshot = KEYS[1], state = KEYS[2], spec = KEYS[3], attempts = KEYS[4], lease = KEYS[5],
    result = KEYS[6], events = KEYS[7], events_count = KEYS[8], index = KEYS[9], owner_index = KEYS[10],
    active = KEYS[11], waiting = KEYS[12], delayed = KEYS[13],
    checkpoint = KEYS[14],
}
local op = ARGV[1]
local job_id = ARGV[2]
local channel = ARGV[3]
local keep_ms = ARGV[4]
local events_max = ARGV[5]
local now = ARGV[6]
local token = ARGV[7] -- of the holder, or of this one request
local TERMINAL = {finished = true, failed = true, canceled = true}
local ATTEMPTS_KEPT = 20

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
    redis.call('XADD', KEY.events, 'MAXLEN', '~', events_max, '*', unpack(entry))
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
    record('write', snapshot, ended, extra)
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

-- The judge and the monitor look at these three instead of at every job; called whenever status or holder changed.
local function place(status, holder, delay_ms)
    if status == 'queued' then
        local time = redis.call('TIME')
        local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
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

local ops = {}

function ops.write()
    local body, counter, own_attempt = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local given, status, flag, ended, extra = tonumber(ARGV[11]), ARGV[12], ARGV[13], ARGV[14], ARGV[15]
    local large_result, delay_ms = ARGV[16], tonumber(ARGV[17])
    if state.deleted ~= '' then
        return answer('gone')
    end
    if exists and state.writer == token and (tonumber(state.counter) or 0) >= counter then
        local lost = redis.call('EXISTS', KEY.spec) == 0
        return answer(lost and 'restored' or 'ok', tonumber(state.writer_seq))
    end
    local code = 'ok'
    if exists then
        local refused = refusal_of_holder(own_attempt, given)
        if refused then
            return answer(refused)
        end
        if state.token == token and state.hold ~= '' and status == 'running' then
            return answer('held')
        end
    else
        code = 'restored'
    end
    if state.token ~= token then
        -- Redis came back empty or older: what it says of requests and pauses belongs to another time.
        state.asked, state.control, state.paused_ms = '', '', '0'
    end
    -- A pause that was withdrawn in the meantime is none.
    if flag == 'acknowledge' and status == 'paused' and state.asked ~= 'pause' then
        return answer('withdrawn')
    end
    seq = math.max(seq, given) + 1
    attempt = own_attempt
    local holder = token
    if TERMINAL[status] or flag == 'next' then
        holder = ''
        forget_request(flag == 'next')
    elseif flag == 'acknowledge' and (status == 'paused' or state.asked == 'resume') then
        -- A pause that was asked for since the resume stays asked.
        state.asked, state.control = '', ''
    end
    if flag == 'next' then
        attempt = attempt + 1
    end
    if large_result ~= '' then
        redis.call('SET', KEY.result, large_result, 'PX', keep_ms)
    end
    commit(status, state.control == '' and 'null' or state.control, body, ended, extra,
        {'token', holder, 'writer', token, 'counter', counter, 'writer_seq', seq, 'paused_ms', state.paused_ms,
         'hold', state.token == token and holder ~= '' and state.hold or ''})
    if holder ~= token or state.token ~= token then
        place(status, holder, delay_ms)
    end
    return answer(code)
end

-- Writes are nearly all that comes: to define the rest for each of them would cost as much as to store the snapshot.
if op == 'write' then
    return ops.write()
end

function ops.create()
    local body, spec, created_ms, owner, index_max = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
    if state.deleted ~= '' then
        return answer('gone')
    end
    if exists and state.request == token then
        return answer('ok', tonumber(state.request_seq))
    end
    if exists or redis.call('EXISTS', KEY.snapshot) == 1 then
        return answer('exists')
    end
    seq = 1
    redis.call('SET', KEY.spec, spec, 'PX', keep_ms)
    index(created_ms, owner, index_max)
    commit('queued', 'null', body, '', '', {'request', token, 'request_seq', 1, 'owner', owner})
    place('queued', '', 0)
    redis.call('ZREMRANGEBYRANK', KEY.waiting, 0, -index_max - 1)
    return answer('ok')
end

function ops.start()
    local body, counter, own_attempt = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local refused = not_there()
    if refused then
        return refused
    end
    if state.writer == token and (tonumber(state.counter) or 0) >= counter then
        return answer('ok', tonumber(state.writer_seq))
    end
    if TERMINAL[state.status] or own_attempt < attempt then
        return answer('over')
    end
    if state.asked == 'cancel' then
        return answer('canceled')
    end
    if state.asked == 'pause' or state.status == 'paused' then
        return answer('held')
    end
    if state.token ~= '' or state.status ~= 'queued' or own_attempt ~= attempt then
        return answer('fenced')
    end
    seq = seq + 1
    redis.call('DEL', KEY.lease)
    commit('started', state.control == '' and 'null' or state.control, body, '', '',
        {'token', token, 'writer', token, 'counter', counter, 'writer_seq', seq, 'paused_ms', 0, 'hold', ''})
    redis.call('HDEL', KEY.active, job_id)
    place('started', token, 0)
    renew_all()
    return answer('ok')
end

-- Everybody but the holder: fields change by compare-and-set on seq.
function ops.change()
    local body, expected, status, flags = ARGV[8], tonumber(ARGV[9]), ARGV[10], ARGV[11]
    local ended, extra, paused_ms, delay_ms, beat = ARGV[12], ARGV[13], ARGV[14], tonumber(ARGV[15]), ARGV[16]
    local function has(flag)
        return string.find(flags, flag, 1, true) ~= nil
    end
    local refused = not_there()
    if refused then
        return refused
    end
    if state.request == token then
        return answer('ok', tonumber(state.request_seq))
    end
    if expected ~= seq then
        return answer('stale')
    end
    if TERMINAL[state.status] and not has('next') then
        return answer('over')
    end
    if beat ~= '' and redis.call('HGET', KEY.active, job_id) ~= beat then
        return answer('fenced')
    end
    seq = seq + 1
    if has('next') then
        attempt = attempt + 1
    end
    local over = TERMINAL[status] or has('next')
    if has('acknowledge') then
        state.asked, state.control = '', ''
    elseif over then
        forget_request(has('next'))
    end
    local hold = state.hold
    if has('hold') then
        hold = '1'
    end
    if has('resume') or over or has('release') then
        hold = ''
    end
    local holder = (over or has('release')) and '' or state.token
    commit(status, state.control == '' and 'null' or state.control, body, ended, extra,
        {'token', holder, 'request', token, 'request_seq', seq,
         'hold', hold, 'paused_ms', paused_ms ~= '' and paused_ms or state.paused_ms})
    if holder ~= state.token or (status ~= state.status and holder == '') or has('next') then
        place(status, holder, delay_ms)
    end
    return answer('ok')
end

-- A request is the API's to set and never touches the body. An empty request withdraws the one before.
function ops.control()
    local asked, control, extra, requests = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
    local refused = not_there()
    if refused then
        return refused
    end
    if state.request == token then
        return answer('ok', tonumber(state.request_seq))
    end
    if TERMINAL[state.status] then
        return answer('over')
    end
    local snapshot = redis.call('GET', KEY.snapshot)
    if not snapshot or state.head == '' or string.sub(snapshot, 1, 7) ~= '{"seq":' then
        return answer('unreadable')
    end
    state.asked = asked
    seq = seq + 1
    commit(state.status, asked == '' and 'null' or control, string.sub(snapshot, tonumber(state.head) + 1), '',
        extra, {'request', token, 'request_seq', seq})
    redis.call('PUBLISH', requests, asked)
    return answer('ok')
end

-- Renews lease and life, and nothing else.
function ops.heartbeat()
    local who, own_attempt, given = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local refused = not_there()
    if refused then
        return refused
    end
    local code = refusal_of_holder(own_attempt, given)
    if code then
        return answer(code)
    end
    local beats = redis.call('HINCRBY', KEY.lease, who, 1)
    redis.call('HSET', KEY.lease, 'at', now)
    if state.token == token then
        -- In a Redis that came back older the attempt's next write takes the job first.
        redis.call('HSET', KEY.active, job_id, token .. ':' .. who .. ':' .. beats)
    end
    renew_all()
    return answer('ok')
end

-- What the running attempt saves for the next one.
function ops.save()
    local saved, own_attempt, given = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local refused = not_there()
    if refused then
        return refused
    end
    local code = refusal_of_holder(own_attempt, given)
    if code then
        return answer(code)
    end
    redis.call('SET', KEY.checkpoint, saved, 'PX', keep_ms)
    return answer('ok')
end

-- What a Redis that came back empty lost beside the snapshot.
function ops.restore()
    local spec, created_ms, owner, index_max = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
    local refused = not_there()
    if refused then
        return refused
    end
    redis.call('SET', KEY.spec, spec, 'NX', 'PX', keep_ms)
    redis.call('HSET', KEY.state, 'owner', owner)
    index(created_ms, owner, index_max)
    return answer('ok')
end

-- A lesson writer's plain SET: its bytes stay as they are, seq and attempt are kept beside them.
function ops.adopt()
    local created_ms, index_max, given = ARGV[8], ARGV[9], tonumber(ARGV[10])
    local snapshot = redis.call('GET', KEY.snapshot)
    if state.deleted ~= '' then
        redis.call('DEL', KEY.snapshot)
        return answer('gone')
    end
    if not snapshot then
        return answer('unknown')
    end
    if string.sub(snapshot, 1, 7) == '{"seq":' then
        return {'own', seq, attempt, snapshot, ''}
    end
    -- A plain SET takes the key's life away, whether it brought anything new or not.
    renew(KEY.snapshot)
    local print = redis.sha1hex(snapshot)
    if print ~= state.adopted or seq < given then
        local read, decoded = pcall(cjson.decode, snapshot)
        if not read or type(decoded) ~= 'table' or not string.find(snapshot, '^%s*{') then
            return {'unreadable', seq, attempt, snapshot, ''}
        end
        local status = type(decoded.status) == 'string' and decoded.status or 'queued'
        if TERMINAL[state.status] and not TERMINAL[status] then
            attempt = attempt + 1
        end
        seq = math.max(seq, given) + 1
        redis.call('HSET', KEY.state, 'seq', seq, 'attempt', attempt, 'status', status, 'adopted', print, 'head', '')
        renew(KEY.state)
        if not exists then
            index(created_ms, '', index_max)
        end
        record('adopt', string.format('{"seq":%d,"attempt":%d}', seq, attempt), '', snapshot)
    end
    return {'adopted', seq, attempt, snapshot, ''}
end

function ops.delete()
    local refused = not_there()
    if refused then
        return refused
    end
    if not TERMINAL[state.status] then
        return answer('running')
    end
    local owner = redis.call('HGET', KEY.state, 'owner')
    redis.call('DEL', KEY.snapshot, KEY.state, KEY.spec, KEY.attempts, KEY.lease, KEY.result, KEY.checkpoint)
    redis.call('ZREM', KEY.index, job_id)
    redis.call('ZREM', KEY.owner_index, job_id)
    place('deleted', '', 0)
    seq = seq + 1
    redis.call('HSET', KEY.state, 'deleted', 1, 'last_seq', seq, 'owner', owner or '')
    renew(KEY.state)
    redis.call('PUBLISH', channel, '')
    record('delete', string.format('{"seq":%d}', seq), '', '')
    return answer('ok')
end

-- A job that waits for long keeps its life; one that has gone leaves the lists that the monitor looks at.
function ops.tidy()
    local refused = not_there()
    if refused then
        place('gone', '', 0)
        return refused
    end
    if state.status ~= 'queued' then
        place(state.status, state.token, 0)
    end
    renew_all()
    return answer('ok')
end

return ops[op]()
