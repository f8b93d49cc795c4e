-- What the holder of the running attempt may do, and begin to do.

local ops = {}

function ops.write()
    local body, counter, own_attempt = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local given, status, flag, ended, extra = tonumber(ARGV[11]), ARGV[12], ARGV[13], ARGV[14], ARGV[15]
    local large_result, delay_ms, points = ARGV[16], tonumber(ARGV[17]), ARGV[18]
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
    -- A pause that was withdrawn in the meantime is none; of one that Redis forgot, the attempt itself knows.
    local forgot = state.asked == '' and (state.token ~= token or given > seq)
    if flag == 'acknowledge' and status == 'paused' and state.asked ~= 'pause' and not forgot then
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
    local id = commit(status, state.control == '' and 'null' or state.control, body, ended, extra,
        {'token', holder, 'writer', token, 'counter', counter, 'writer_seq', seq, 'paused_ms', state.paused_ms,
         'hold', state.token == token and holder ~= '' and state.hold or ''})
    if extra ~= '' then
        keep_live(points, id, #extra, 'job', job_id, 'attempt', own_attempt, 'extra', extra)
    end
    if holder ~= token or state.token ~= token then
        place(status, holder, delay_ms)
    end
    return answer(code)
end

-- Writes are nearly all that comes: to define the rest for each of them would cost as much as to store the snapshot.
if op == 'write' then
    return ops.write()
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

-- The answer to one who is not, or no longer, the holder of a job that is there; nil for its holder.
local function not_held(own_attempt, given)
    local refused = not_there()
    if refused then
        return refused
    end
    local code = refusal_of_holder(own_attempt, given)
    return code and answer(code)
end

-- Renews lease and life, and nothing else.
function ops.heartbeat()
    local who, own_attempt, given = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local refused = not_held(own_attempt, given)
    if refused then
        return refused
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
    local refused = not_held(own_attempt, given)
    if refused then
        return refused
    end
    redis.call('SET', KEY.checkpoint, saved, 'PX', keep_ms)
    return answer('ok')
end

-- Log lines. One writer sends its batches in their order, so a repeat is of the last one.
function ops.log()
    local own_attempt, run, batch, lines = ARGV[8], ARGV[9], ARGV[10], ARGV[11]
    local stream, live, logs_max = ARGV[12], ARGV[13], ARGV[14]
    if state.deleted ~= '' then
        return answer('gone')
    end
    local last = redis.call('XREVRANGE', live, '+', '-', 'COUNT', 1)[1]
    if last and last[2][6] == run and last[2][8] == batch then
        return answer('ok')
    end
    local entry = {'job', job_id, 'attempt', own_attempt, 'run', run, 'batch', batch, 'lines', lines}
    local id = redis.call('XADD', stream, 'MAXLEN', '~', logs_max, '*', unpack(entry))
    keep_live(live, id, #lines, unpack(entry))
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
