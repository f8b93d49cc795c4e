-- What everybody may do but the holder.

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
    redis.call('ZREMRANGEBYRANK', KEY.unbegun, 0, -index_max - 1)
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

-- A request is the API's to set and never touches the body. An empty request withdraws a pause that nobody has
-- acknowledged, and nothing takes a cancel back: who asks for either has looked at what is no longer so.
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
    if (asked == '' and state.asked ~= 'pause') or (state.asked == 'cancel' and asked ~= 'cancel') then
        return answer('stale')
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

-- A Redis that came back older: who has seen later snapshots would take every one that now follows for an old one.
function ops.outdo()
    local given = tonumber(ARGV[8])
    local refused = not_there()
    if refused then
        return refused
    end
    local snapshot = redis.call('GET', KEY.snapshot)
    if seq >= given or not snapshot or state.head == '' or string.sub(snapshot, 1, 7) ~= '{"seq":' then
        return answer('ok')
    end
    seq = given + 1
    commit(state.status, state.control == '' and 'null' or state.control,
        string.sub(snapshot, tonumber(state.head) + 1), '', '', {})
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
        transition(status, snapshot, 1)
    end
    return {'adopted', seq, attempt, snapshot, ''}
end

function ops.delete()
    local lines, points, extra = ARGV[8], ARGV[9], ARGV[10]
    local refused = not_there()
    if refused then
        return refused
    end
    if not TERMINAL[state.status] then
        return answer('running')
    end
    local owner = redis.call('HGET', KEY.state, 'owner')
    redis.call('DEL', KEY.snapshot, KEY.state, KEY.spec, KEY.attempts, KEY.lease, KEY.result, KEY.checkpoint,
        lines, points)
    redis.call('ZREM', KEY.index, job_id)
    redis.call('ZREM', KEY.owner_index, job_id)
    place('deleted', '', 0)
    seq = seq + 1
    redis.call('HSET', KEY.state, 'deleted', 1, 'last_seq', seq, 'owner', owner or '')
    renew(KEY.state)
    redis.call('PUBLISH', channel, '')
    record('delete', string.format('{"seq":%d}', seq), '', extra)
    return answer('ok')
end

-- A job that waits or is held for long keeps its life, and is put last among those whose life is renewed; one that has gone leaves the lists that the monitor looks at.
function ops.tidy()
    local refused = not_there()
    if refused then
        place('gone', '', 0)
        return refused
    end
    if state.status ~= 'queued' then
        place(state.status, state.token, 0)
    else
        local time = redis.call('TIME')
        redis.call('ZADD', KEY.unbegun, time[1] * 1000 + math.floor(time[2] / 1000), job_id)
    end
    if not TERMINAL[state.status] then
        renew_all()
    end
    return answer('ok')
end

return ops[op]()
